"""Parameter values as a statement's places take them, and results as every database gives them.

SQLite stores what a column does not know as text, and takes text for it. PostgreSQL wants exactly the type that it has
found for a place. So a value goes by two steps: what SQLite would store, and that in the place's type.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final, cast
from uuid import UUID

import msgspec
from asyncpg.pgproto import pgproto

from duolog.adapters._sql.values import SqlValue, stored_value
from duolog.errors import StatementError, UnstorableValueError

_BITS: Final[Mapping[str, int]] = {"int2": 16, "int4": 32, "int8": 64}

SEPARATOR: Final = "\x1f"
MISSING: Final = "\x1e"


def place_value(name: str, value: object, kind: str) -> object:
    """Return a parameter's value in the type of its place.

    Args:
        name: the parameter's name, for errors.
        value: one of the values that `ReadDatabase.fetch` allows.
        kind: the place's type, as ``pg_type.typname`` calls it.

    Raises:
        StatementError: the value's type cannot be stored on any database, or does not fit the place.
        UnstorableValueError: the value cannot be stored on any database, or is out of the place's range; never shows
            it.
    """
    if type(value) is _SAME.get(kind) and _is_storable(value, kind):
        return value
    stored = stored_value(name, value)
    convert = _CONVERTED.get(kind)
    if convert is None or stored is None:
        return stored
    try:
        return convert(stored)
    except OverflowError:
        message = f"parameter {name!r} is out of the range of its place, which has the type {kind}"
        raise UnstorableValueError(
            message, hint=f"Give what {kind} can hold, or give the column a wider type."
        ) from None
    except (ValueError, TypeError, InvalidOperation):
        message = f"parameter {name!r} does not fit its place, which has the type {kind}"
        hint = f"Give what {kind} can hold, or cast the place: CAST(:{name} AS TEXT)."
        raise StatementError(message, hint=hint) from None


def place_values(name: str, values: Sequence[object], kind: str) -> list[object]:
    """Return many values of one parameter in the type of its place; see `place_value`."""
    types = set(map(type, values))
    if types == {_SAME.get(kind)} and _are_storable(values, kind):
        return [*values]
    if types == {UUID} and kind in {"text", "varchar"}:
        texts: list[object] = msgspec.to_builtins(values)
        return texts
    return [place_value(name, value, kind) for value in values]


def joined_values(values: Sequence[object]) -> str | None:
    """Return what `place_values` has made as one text, for ``string_to_array(text, SEPARATOR, MISSING)``.

    Only for two values or more, in `TEXT_KINDS`; None if one of them holds what separates them.
    """
    try:
        joined = SEPARATOR.join(cast("Sequence[str]", values))
        missing = 0
    except TypeError:
        texts = [text_value(value) for value in values]
        missing = texts.count(None)
        joined = SEPARATOR.join([MISSING if text is None else text for text in texts])
    is_clean = joined.count(SEPARATOR) == len(values) - 1 and joined.count(MISSING) == missing
    return joined if is_clean else None


def text_value(value: object) -> str | None:
    """Return what `place_value` has made, as the text that the server reads as the same value in `TEXT_KINDS`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


def plain_value(value: object) -> Any:
    """Return a result's value as SQLite gives it: UUIDs, dates and times as the text that a parameter becomes.

    A number without decimals is an int, as sums of whole numbers are numeric here.
    """
    convert = _PLAIN.get(type(value))
    return value if convert is None else convert(value)


def stored_row(values: Sequence[Any]) -> list[Any]:
    """Return a row's values as SQLite would have stored them: `plain_value`, and bool as a number."""
    return [int(value) if isinstance(value, bool) else plain_value(value) for value in values]


def aware_row(values: Iterable[Any], times: Sequence[int]) -> list[Any]:
    """Return a row's values with a time zone at every time; only aware times are stored, in UTC if the column has none.

    The driver leaves the zone out of the earliest and the latest time, too.
    """
    row = list(values)
    for at in times:
        if row[at] is not None and row[at].tzinfo is None:
            row[at] = row[at].replace(tzinfo=UTC)
    return row


def _is_storable(value: object, kind: str) -> bool:
    """Tell, of a value whose type is its place's, whether it is certainly one that every database can store there."""
    if isinstance(value, str):
        return value.isascii() and "\x00" not in value
    if isinstance(value, int):
        return _fits(value, kind)
    return not isinstance(value, datetime) or value.utcoffset() is not None


def _are_storable(values: Sequence[Any], kind: str) -> bool:
    """Tell it of many values of one type, see `_is_storable`."""
    first = values[0]
    if isinstance(first, str):
        joined: str = "".join(values)
        return joined.isascii() and "\x00" not in joined
    if isinstance(first, int):
        least: int = min(values)
        greatest: int = max(values)
        return _fits(least, kind) and _fits(greatest, kind)
    return all(_is_storable(value, kind) for value in values)


def _fits(value: int, kind: str) -> bool:
    most = 1 << (_BITS.get(kind, 64) - 1)
    return -most <= value < most


def _text(value: SqlValue) -> str:
    if isinstance(value, bytes):
        raise TypeError
    return value if isinstance(value, str) else repr(value)


def _whole(value: SqlValue, kind: str) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError
    whole = int(_number(value))
    if not _fits(whole, kind):
        raise OverflowError
    return whole


def _real(value: SqlValue) -> float:
    return float(_number(value))


def _decimal(value: SqlValue) -> Decimal:
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(_number(value))


def _number(value: SqlValue) -> str | int | float:
    if value is None or isinstance(value, bytes):
        raise TypeError
    return value


def _yes(value: SqlValue) -> bool:
    if value not in {0, 1}:
        raise ValueError
    return bool(value)


def _bytes(value: SqlValue) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError
    return value


def _time(value: SqlValue) -> datetime:
    time = datetime.fromisoformat(_characters(value))
    if time.utcoffset() is None:
        raise ValueError
    return time


def _characters(value: SqlValue) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


# Where the value's own type is the place's, there is nothing to convert.
_SAME: Final[Mapping[str, type]] = {
    "text": str,
    "varchar": str,
    "int8": int,
    "int4": int,
    "int2": int,
    "bool": bool,
    "uuid": UUID,
    "timestamptz": datetime,
    "date": date,
    "numeric": Decimal,
    "bytea": bytes,
}
_CONVERTED: Final[Mapping[str, Callable[[SqlValue], object]]] = {
    "text": _text,
    "varchar": _text,
    "bpchar": _text,
    "name": _text,
    **{kind: partial(_whole, kind=kind) for kind in _BITS},
    "float4": _real,
    "float8": _real,
    "numeric": _decimal,
    "bool": _yes,
    "uuid": lambda value: UUID(_characters(value)),
    "timestamptz": _time,
    "timestamp": lambda value: _time(value).astimezone(UTC).replace(tzinfo=None),
    "date": lambda value: date.fromisoformat(_characters(value)),
    "bytea": _bytes,
}
TEXT_KINDS: Final = frozenset(_CONVERTED) | {"json", "jsonb"}
"""Types for which every value that they take has a text form, see `text_value`."""


def _plain_time(value: datetime) -> str:
    # A column without a time zone holds UTC: only aware times are stored.
    aware = value.replace(tzinfo=UTC) if value.utcoffset() is None else value.astimezone(UTC)
    return aware.isoformat(timespec="microseconds")


def _plain_number(value: Decimal) -> int | Decimal:
    return int(value) if value.as_tuple().exponent == 0 else value


_PLAIN: Final[dict[type, Callable[[Any], Any]]] = {
    datetime: _plain_time,
    date: date.isoformat,
    Decimal: _plain_number,
    pgproto.UUID: str,
}
