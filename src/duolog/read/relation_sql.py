"""The statements by which a gateway reads a relation. Their texts are few: values are always bound."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from duolog.errors import ConfigurationError
from duolog.read.filtering import FilterableFields
from duolog.read.keyset import Window
from duolog.read.relation import Relation
from duolog.read.sorting import SortOrder
from duolog.tables.ports import FullText

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Select:
    """A statement.

    Attributes:
        sql: with ``:name`` parameters.
        parameters: a value for each name; never shown.
    """

    sql: str
    parameters: dict[str, Any] = field(repr=False)


class RelationSql(Generic[T]):
    """Writes the statements of one relation.

    Args:
        relation: what is read.
        full_text: how the database searches texts.
        tenant: whose rows are read; None where the relation has no tenants.

    Attributes:
        relation: what is read.
        tenant: whose rows are read.

    Raises:
        ConfigurationError: the relation has tenants, and none is given; or the other way round.
    """

    __slots__ = ("_full_text", "relation", "tenant")

    def __init__(self, relation: Relation[T], full_text: FullText, tenant: str | None) -> None:
        if (relation.tenant is None) is not (tenant is None):
            missing = "has a column for tenants, and none is given" if tenant is None else "has no column for tenants"
            message = f"{relation.name!r} {missing}"
            raise ConfigurationError(message, hint='Say Relation(..., tenant="column") and QueryGateway(..., tenant=).')
        self.relation = relation
        self._full_text = full_text
        self.tenant = tenant

    def of_key(self, key: object) -> Select:
        """Select the row of a key."""
        return self._keyed(self.relation.columns, key)

    def presence(self, key: object) -> Select:
        """Select 1 if there is a row of a key."""
        return self._keyed("1", key)

    def rows(
        self, filters: object, sort_by: str | None, order: SortOrder, limit: int | None = None, offset: int = 0
    ) -> Select:
        """Select rows, sorted; all of them without a limit."""
        relation = self.relation
        where, parameters = self.condition(filters)
        ordered = relation.sortable.order_by(sort_by, order)
        sql = f"SELECT {relation.columns} FROM {relation.source} WHERE {where} ORDER BY {ordered}"  # noqa: S608 - checked
        if limit is None:
            return Select(sql, parameters)
        return Select(f"{sql} LIMIT :page_limit OFFSET :page_offset", {
            **parameters, "page_limit": limit, "page_offset": offset,
        })  # fmt: skip

    def count(self, filters: object) -> Select:
        """Select how many rows there are."""
        where, parameters = self.condition(filters)
        return Select(f"SELECT count(*) FROM {self.relation.source} WHERE {where}", parameters)  # noqa: S608 - checked

    def total(self, filters: object) -> Select:
        """Select how many rows there are: as a projection keeps it where that is declared, else counted."""
        kept = self.relation.total
        wanted = {name: value for name, value in self.relation.check_filters(filters).items() if value is not None}
        if kept is None or not wanted.keys() <= kept.filterable.keys():
            return self.count(wanted)
        where, parameters = self._owned(*FilterableFields(kept.filterable).where(wanted, self._full_text))
        return Select(f"SELECT coalesce(sum({kept.column}), 0) FROM {kept.table} WHERE {where}", parameters)  # noqa: S608 - checked

    def walk(self, window: Window, filters: object) -> Select:
        """Select the rows of a page by cursor."""
        relation = self.relation
        where, parameters = self.condition(filters)
        sql = (
            f"SELECT {relation.columns} FROM {relation.source} WHERE {where} AND {window.where} "  # noqa: S608 - checked
            f"ORDER BY {window.order_by} LIMIT :keyset_limit"
        )
        return Select(sql, {**parameters, **window.parameters})

    def condition(self, filters: object) -> tuple[str, dict[str, Any]]:
        """Return the condition for the rows that are wanted, and its parameters."""
        return self._owned(*self.relation.filterable.where(filters, self._full_text))

    def _keyed(self, columns: str, key: object) -> Select:
        where, parameters = self._owned(f"{self.relation.key} = :row_key", {"row_key": key})
        return Select(f"SELECT {columns} FROM {self.relation.source} WHERE {where}", parameters)  # noqa: S608 - checked

    def _owned(self, where: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        if self.relation.tenant is None:
            return where, parameters
        return f"{self.relation.tenant} = :row_tenant AND {where}", {**parameters, "row_tenant": self.tenant}
