"""Filtering by declared fields only, with bound values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, Final, Protocol, cast

from duolog.errors import InvalidMessageError, UnknownFieldError
from duolog.read.columns import check_column
from duolog.tables.ports import FullText

MOST_CHOICES: Final = 256
"""So many values a `one_of` takes."""

_PAIR: Final = 2


class FilterPart(Protocol):
    """One thing that a list may be filtered by: it makes a condition of a value."""

    def term(self, name: str, value: Any, full_text: FullText) -> tuple[str, Mapping[str, Any]]:
        """Return the condition, in SQL with ``:name`` parameters, and its parameters.

        Args:
            name: the filter's public name; parameters' names begin with `parameter_name` of it.
            value: what a client wants; never None.
            full_text: how the database searches texts.

        Raises:
            InvalidMessageError: the value is none for this filter.
        """
        ...


class Comparison(Enum):
    """How a column is compared with a filter's value."""

    EQUALS = "="
    AT_LEAST = ">="
    AT_MOST = "<="
    PREFIX = "prefix"
    ONE_OF = "one of"
    BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class Filter:
    """A column and how it is compared; made by `equals`, `one_of`, `at_least`, `at_most`, `between` and `prefix`.

    Attributes:
        column: its name, or ``table.column``.
        comparison: how it is compared with the value.
    """

    column: str
    comparison: Comparison

    def __post_init__(self) -> None:
        """Check the name."""
        check_column(self.column)

    def term(self, name: str, value: Any, full_text: FullText) -> tuple[str, Mapping[str, Any]]:  # noqa: ARG002 - port
        """Return the condition and its parameters; see `FilterPart.term`."""
        parameter = parameter_name(name)
        match self.comparison:
            case Comparison.PREFIX:
                return _prefix_term(self.column, parameter), _prefix_parameters(name, parameter, value)
            case Comparison.ONE_OF:
                return _choice(self.column, name, parameter, value)
            case Comparison.BETWEEN:
                return _range(self.column, name, parameter, value)
            case _:
                return f"{self.column} {self.comparison.value} :{parameter}", {parameter: value}


def equals(column: str) -> Filter:
    """Keep rows whose column has the value."""
    return Filter(column, Comparison.EQUALS)


def one_of(column: str) -> Filter:
    """Keep rows whose column has one of the values of a list, tuple or set; an empty one keeps none."""
    return Filter(column, Comparison.ONE_OF)


def at_least(column: str) -> Filter:
    """Keep rows whose column has the value or a greater one."""
    return Filter(column, Comparison.AT_LEAST)


def at_most(column: str) -> Filter:
    """Keep rows whose column has the value or a smaller one."""
    return Filter(column, Comparison.AT_MOST)


def between(column: str) -> Filter:
    """Keep rows whose column is in a range: a pair of the least and the greatest value, None for no bound."""
    return Filter(column, Comparison.BETWEEN)


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

    def __init__(self, fields: Mapping[str, FilterPart]) -> None:
        for name in fields:
            check_column(name)  # a part of a parameter's name
        self._fields = dict(fields)

    @property
    def names(self) -> tuple[str, ...]:
        """The allowed names, as declared."""
        return tuple(self._fields)

    def where(self, filters: object, full_text: FullText = FullText.TSVECTOR) -> tuple[str, dict[str, Any]]:
        """Return the condition for a WHERE clause, and its parameters.

        Args:
            filters: by public name, the value; None filters nothing. A mapping, or a dataclass with fields of these
                names.
            full_text: how the database searches texts, see `ReadDatabase.full_text`; for `matches`.

        Returns:
            ``TRUE`` if nothing is filtered. The parameters' names begin with ``filter_``.

        Raises:
            UnknownFieldError: a name is not allowed.
            InvalidMessageError: a value is none for its filter, like a prefix that is not text.
        """
        terms: list[str] = []
        parameters: dict[str, Any] = {}
        for name, value in filter_values(filters).items():
            declared = self._fields.get(name)
            if declared is None:
                raise UnknownFieldError(name=name, purpose="filter", allowed=self.names)
            if value is not None:
                term, values = declared.term(name, value, full_text)
                terms.append(term)
                parameters |= values
        return " AND ".join(terms) or "TRUE", parameters


def filter_values(filters: object) -> Mapping[str, object]:
    """Return filters by public name: a mapping as it is, a dataclass by its fields, None as no filter."""
    if filters is None:
        return {}
    if is_dataclass(filters):
        return {field.name: getattr(filters, field.name) for field in fields(filters)}
    return cast("Mapping[str, object]", filters)


def parameter_name(name: str) -> str:
    """Return what the parameters of a filter are called, or begin with."""
    return f"filter_{name.replace('.', '_')}"


def _prefix_term(column: str, parameter: str) -> str:
    # LIKE is what an index can serve; SQLite's LIKE takes `a` for `A`, so the second half decides.
    return f"({column} LIKE :{parameter}_like ESCAPE '\\' AND substr({column}, 1, :{parameter}_length) = :{parameter})"


def _prefix_parameters(name: str, parameter: str, value: object) -> dict[str, Any]:
    if not isinstance(value, str):
        message = f"the filter {name!r} takes the beginning of a text"
        raise InvalidMessageError(message, path=f"$.{name}")
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {parameter: value, f"{parameter}_like": f"{escaped}%", f"{parameter}_length": len(value)}


def _choice(column: str, name: str, parameter: str, value: object) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
        message = f"the filter {name!r} takes a list of values"
        raise InvalidMessageError(message, path=f"$.{name}")
    choices: list[Any] = list(cast("Any", value))
    if len(choices) > MOST_CHOICES:
        message = f"the filter {name!r} takes {MOST_CHOICES} values at most"
        raise InvalidMessageError(message, path=f"$.{name}")
    if not choices:
        return "FALSE", {}
    # Few texts, whatever the number of values: the last one fills the places up.
    places = 1 << (len(choices) - 1).bit_length()
    choices += [choices[-1]] * (places - len(choices))
    values = {f"{parameter}_{place}": choice for place, choice in enumerate(choices)}
    return f"{column} IN ({', '.join(f':{each}' for each in values)})", values


def _range(column: str, name: str, parameter: str, value: object) -> tuple[str, Mapping[str, Any]]:
    pair: Sequence[Any] = ()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        pair = cast("Any", value)
    if len(pair) != _PAIR:
        message = f"the filter {name!r} takes a pair: the least and the greatest value"
        raise InvalidMessageError(message, path=f"$.{name}")
    least, most = pair
    bounds = {f"{parameter}_least": (">=", least), f"{parameter}_most": ("<=", most)}
    given = {key: bound for key, bound in bounds.items() if bound[1] is not None}
    terms = [f"{column} {sign} :{key}" for key, (sign, _) in given.items()]
    return " AND ".join(terms) or "TRUE", {key: bound for key, (_, bound) in given.items()}
