"""Parameter values as SQLite stores them, so that what is written round-trips and sorts the same on every database."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from duolog.errors import StatementError, UnstorableValueError
from duolog.tables.statements import Parameters, check_parameters

SqlValue = str | int | float | bytes | None

_GREATEST: Final = 2**63 - 1
_LEAST: Final = -(2**63)


def bound_values(sql: str, parameters: Parameters | None) -> dict[str, SqlValue]:
    """Return the values to bind to the ``:name`` parameters of a statement.

    Raises:
        StatementError: parameters are missing or unknown, or one has a type that cannot be stored; it names the
            parameter, never its value.
        UnstorableValueError: the value cannot be stored.
    """
    given: Parameters = {} if parameters is None else parameters
    check_parameters(sql, given)
    return {name: stored_value(name, value) for name, value in given.items()}


def stored_value(name: str, value: object) -> SqlValue:
    """Return ``value`` as SQLite stores it.

    UUID, Decimal and date become text, bool a number, an Enum its value. An aware datetime becomes ISO text in UTC
    with six digits of a second, so that the order of the texts is the order of the times.

    Args:
        name: the parameter's name, for errors.
        value: what is to be stored.

    Raises:
        StatementError: the type cannot be stored, as that of a naive datetime cannot.
        UnstorableValueError: the value cannot: text with NUL or lone surrogates, not a number, more than 64 bits.
    """
    stored = _STORED.get(type(value))
    if stored is not None:
        return stored(name, value)
    for kind, of_kind in _STORED.items():
        if isinstance(value, kind):
            return of_kind(name, value)
    message = f"parameter {name!r} is a {type(value).__name__}"
    hint = "Allowed: str, int, float, bool, bytes, None, UUID, aware datetime, date, Decimal, Enum."
    raise StatementError(message, hint=hint)


def _text(name: str, value: str) -> str:
    if "\x00" in value:
        raise _refusal(name, "text with a NUL character", "Take it out; not every database can store it.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _refusal(name, "text with a lone surrogate", "Decode the text properly first.") from error
    return str(value)


def _whole(name: str, value: int) -> int:
    if not _LEAST <= value <= _GREATEST:
        raise _refusal(name, "a number of more than 64 bits", "Store it as a Decimal.")
    return int(value)


def _real(name: str, value: float) -> float:
    if math.isnan(value):
        raise _refusal(name, "not a number", "Store None instead; SQLite would do so silently.")
    return float(value)


def _time(name: str, value: datetime) -> str:
    if value.utcoffset() is None:
        message = f"parameter {name!r} is a datetime without a time zone"
        raise StatementError(message, hint="Make it aware, like datetime.now(UTC).")
    return value.astimezone(UTC).isoformat(timespec="microseconds")


# The first kind that fits a subclass decides, so Enum stands before str and int, and datetime before date.
_STORED: Final[Mapping[type, Callable[[str, Any], SqlValue]]] = {
    Enum: lambda name, value: stored_value(name, value.value),
    str: _text,
    bool: lambda _, value: int(value),
    int: _whole,
    float: _real,
    type(None): lambda _name, _value: None,
    bytes: lambda _, value: value,
    UUID: lambda _, value: str(value),
    Decimal: lambda _, value: str(value),
    datetime: _time,
    date: lambda _, value: value.isoformat(),
}


def _refusal(name: str, what: str, hint: str) -> UnstorableValueError:
    message = f"parameter {name!r} is {what}"
    return UnstorableValueError(message, hint=hint)
