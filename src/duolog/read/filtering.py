"""Filtering by declared fields only, with bound values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from duolog.errors import InvalidMessageError, UnknownFieldError
from duolog.read.columns import check_column


class Comparison(Enum):
    """How a column is compared with a filter's value."""

    EQUALS = "="
    AT_LEAST = ">="
    AT_MOST = "<="
    PREFIX = "prefix"


@dataclass(frozen=True, slots=True)
class Filter:
    """A column and how it is compared; made by `equals`, `at_least`, `at_most` and `prefix`.

    Attributes:
        column: its name, or ``table.column``.
        comparison: how it is compared with the value.
    """

    column: str
    comparison: Comparison

    def __post_init__(self) -> None:
        """Check the name."""
        check_column(self.column)


def equals(column: str) -> Filter:
    """Keep rows whose column has the value."""
    return Filter(column, Comparison.EQUALS)


def at_least(column: str) -> Filter:
    """Keep rows whose column has the value or a greater one."""
    return Filter(column, Comparison.AT_LEAST)


def at_most(column: str) -> Filter:
    """Keep rows whose column has the value or a smaller one."""
    return Filter(column, Comparison.AT_MOST)


def prefix(column: str) -> Filter:
    """Keep rows whose text begins with the value, upper and lower case told apart."""
    return Filter(column, Comparison.PREFIX)


class FilterableFields:
    r"""The fields that a list may be filtered by: an allow-list from public names to comparisons.

    ```python
    FILTERABLE = FilterableFields({"role": equals("role"), "email": prefix("email")})
    where, parameters = FILTERABLE.where({"role": "admin", "email": None})
    ```

    Args:
        fields: by public name, the comparison.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Filter]) -> None:
        for name in fields:
            check_column(name)  # a part of a parameter's name
        self._fields = dict(fields)

    @property
    def names(self) -> tuple[str, ...]:
        """The allowed names, as declared."""
        return tuple(self._fields)

    def where(self, filters: Mapping[str, object]) -> tuple[str, dict[str, Any]]:
        """Return the condition for a WHERE clause, and its parameters.

        Args:
            filters: by public name, the value; None filters nothing.

        Returns:
            ``TRUE`` if nothing is filtered. The parameters' names begin with ``filter_``.

        Raises:
            UnknownFieldError: a name is not allowed.
            InvalidMessageError: a prefix is not text.
        """
        terms: list[str] = []
        parameters: dict[str, Any] = {}
        for name, value in filters.items():
            declared = self._fields.get(name)
            if declared is None:
                raise UnknownFieldError(name=name, purpose="filter", allowed=self.names)
            if value is None:
                continue
            parameter = f"filter_{name.replace('.', '_')}"
            if declared.comparison is Comparison.PREFIX:
                terms.append(_prefix_term(declared.column, parameter))
                parameters |= _prefix_parameters(name, parameter, value)
            else:
                terms.append(f"{declared.column} {declared.comparison.value} :{parameter}")
                parameters[parameter] = value
        return " AND ".join(terms) or "TRUE", parameters


def _prefix_term(column: str, parameter: str) -> str:
    # LIKE is what an index can serve; SQLite's LIKE takes `a` for `A`, so the second half decides.
    return f"({column} LIKE :{parameter}_like ESCAPE '\\' AND substr({column}, 1, :{parameter}_length) = :{parameter})"


def _prefix_parameters(name: str, parameter: str, value: object) -> dict[str, Any]:
    if not isinstance(value, str):
        message = f"the filter {name!r} takes the beginning of a text"
        raise InvalidMessageError(message, path=f"$.{name}")
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {parameter: value, f"{parameter}_like": f"{escaped}%", f"{parameter}_length": len(value)}
