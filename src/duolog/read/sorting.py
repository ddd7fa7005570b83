"""Sorting by declared fields only, and always to one definite order."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from duolog.errors import InvalidSortOrderError, UnknownFieldError
from duolog.read.columns import check_column


class SortOrder(Enum):
    """The direction of a sort."""

    ASC = "asc"
    DESC = "desc"

    @property
    def reversed(self) -> "SortOrder":
        """The other direction."""
        return SortOrder.ASC if self is SortOrder.DESC else SortOrder.DESC


def check_order(order: object) -> None:
    """Refuse what is no `SortOrder`: a text like ``"asc"`` would be taken for the other direction.

    Raises:
        InvalidSortOrderError: it is none.
    """
    if not isinstance(order, SortOrder):
        raise InvalidSortOrderError(value=order)


@dataclass(frozen=True, slots=True)
class SortColumn:
    """A column to sort by.

    Attributes:
        column: its name, or ``table.column``.
        nullable: it may be NULL; NULL then sorts as the greatest value, on every database.
    """

    column: str
    nullable: bool = False

    def __post_init__(self) -> None:
        """Check the name."""
        check_column(self.column)

    def term(self, order: SortOrder) -> str:
        """Return its term of an ORDER BY clause."""
        if order is SortOrder.ASC:
            return f"{self.column} ASC NULLS LAST" if self.nullable else f"{self.column} ASC"
        return f"{self.column} DESC NULLS FIRST" if self.nullable else f"{self.column} DESC"


def nullable(column: str) -> SortColumn:
    """Declare that a column to sort by may be NULL; a column declared by its name alone may not."""
    return SortColumn(column, nullable=True)


class SortableFields:
    """The fields that a list may be sorted by: an allow-list from public names to columns.

    ```python
    SORTABLE = SortableFields({"created_at": "created_at", "last_seen": nullable("seen_at")}, tie_break="id")
    ```

    Args:
        fields: by public name, the column.
        tie_break: a unique column that is never NULL; it decides between rows that are equal otherwise.

    Raises:
        ConfigurationError: a column is not an identifier.
    """

    __slots__ = ("_fields", "tie_break")

    def __init__(self, fields: Mapping[str, str | SortColumn], *, tie_break: str) -> None:
        self._fields = {
            name: column if isinstance(column, SortColumn) else SortColumn(column) for name, column in fields.items()
        }
        self.tie_break = SortColumn(tie_break)

    @property
    def names(self) -> tuple[str, ...]:
        """The allowed names, as declared."""
        return tuple(self._fields)

    def column(self, sort_by: str | None) -> SortColumn:
        """Return the column behind a public name; the tie-break for None.

        Raises:
            UnknownFieldError: the name is not allowed.
        """
        if sort_by is None:
            return self.tie_break
        column = self._fields.get(sort_by)
        if column is None:
            raise UnknownFieldError(name=sort_by, purpose="sort", allowed=self.names)
        return column

    def order_by(self, sort_by: str | None, order: SortOrder = SortOrder.ASC) -> str:
        """Return the terms of an ORDER BY clause, with the tie-break last.

        Args:
            sort_by: a public name; None sorts by the tie-break alone.
            order: the direction, of the tie-break too, so that one index serves both directions.

        Raises:
            InvalidSortOrderError: the direction is no `SortOrder`.
            UnknownFieldError: the name is not allowed.
        """
        check_order(order)
        column = self.column(sort_by)
        if column.column == self.tie_break.column:
            return self.tie_break.term(order)
        return f"{column.term(order)}, {self.tie_break.term(order)}"
