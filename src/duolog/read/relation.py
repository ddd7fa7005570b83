"""What a query gateway reads: a table or view, the DTO of its rows, and what its lists are sorted and filtered by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from duolog.errors import ConfigurationError, UnknownFieldError
from duolog.read.columns import check_column
from duolog.read.filtering import FilterableFields, FilterPart, filter_values
from duolog.read.limits import Limits
from duolog.read.sorting import SortableFields, SortColumn
from duolog.tables.dto_fields import column_names

T = TypeVar("T")

_NO_FILTERS: Final[Mapping[str, FilterPart]] = {}
_NO_FIELDS: Final[Mapping[str, str | SortColumn]] = {}


@dataclass(frozen=True, slots=True)
class MaintainedTotal:
    """A table in which a projection keeps how many rows there are, by what lists are filtered by.

    Attributes:
        table: its name.
        column: the number; what several rows say is added up.
        filterable: the filters that it knows; with others the rows are counted.
    """

    table: str
    column: str
    filterable: Mapping[str, FilterPart] = field(default_factory=dict[str, FilterPart])

    def __post_init__(self) -> None:
        """Check the names."""
        check_column(self.table)
        check_column(self.column)


class Relation(Generic[T]):
    """A table or view as a query gateway reads it.

    ```python
    USERS = Relation(
        "users_view",
        UserDTO,
        key="id",
        sortable={"created_at": "created_at", "email": "email"},
        filterable={"role": equals("role"), "email": prefix("email")},
    )
    ```

    Args:
        name: of the table or view, or of what ``select`` selects; a cursor belongs to it.
        into: what a row becomes: a dataclass, struct or TypedDict whose fields are called as the columns.
        key: the unique column, never NULL. Rows are found by it, and it is the tie-break of every order: without one
            the rows of a page would be a matter of chance.
        sortable: by public name, the column that lists may be sorted by; see `SortableFields`. Without a name
            they are sorted by the key.
        filterable: by public name, what lists may be filtered by; see `FilterableFields`.
        limits: the limits of pages.
        select: a SELECT of handwritten SQL, without parameters, instead of the table ``name``.
        tenant: the column that says whose a row is; a gateway then reads one tenant's rows only.
        total: where a projection keeps how many rows there are.

    Attributes:
        columns: the fields of ``into``, as a SELECT names them.
        source: what stands behind FROM.

    Raises:
        ConfigurationError: a name is not that of a column, or there is no key; ``into`` has no fields.
    """

    __slots__ = (
        "columns", "filterable", "into", "key", "limits", "name", "sortable", "source", "tenant", "total",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        into: type[T],
        *,
        key: str,
        sortable: Mapping[str, str | SortColumn] = _NO_FIELDS,
        filterable: Mapping[str, FilterPart] = _NO_FILTERS,
        limits: Limits | None = None,
        select: str | None = None,
        tenant: str | None = None,
        total: MaintainedTotal | None = None,
    ) -> None:
        if not key:
            message = f"{name!r} has no key, so no list of it has a definite order"
            raise ConfigurationError(message, hint="Name a unique column that is never NULL.")
        self.name = check_column(name)
        self.into = into
        self.key = check_column(key)
        self.sortable = SortableFields(sortable, tie_break=key)
        self.filterable = FilterableFields(filterable)
        self.limits = Limits() if limits is None else limits
        self.source = name if select is None else f"({select.strip().rstrip(';')}) AS {name}"
        self.columns = ", ".join(check_column(column) for column in column_names(into))
        self.tenant = None if tenant is None else check_column(tenant)
        self.total = total

    def check_filters(self, filters: object) -> Mapping[str, Any]:
        """Return filters by public name.

        Raises:
            UnknownFieldError: a name is not allowed.
        """
        values = filter_values(filters)
        for name in values:
            if name not in self.filterable.names:
                raise UnknownFieldError(name=name, purpose="filter", allowed=self.filterable.names)
        return values
