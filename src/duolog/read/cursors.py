"""Signed page cursors: the key of a row, and the query that it belongs to."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Final
from uuid import UUID

import msgspec

from duolog.codec.signer import Signer
from duolog.errors import InvalidCursorError, StatementError, UnstorableValueError
from duolog.read.sorting import SortOrder

CURSOR_PURPOSE: Final = "cursor"
_LONGEST_PAYLOAD: Final = 3_000

KeyValue = str | int | float | bool | bytes | datetime | date | UUID | Decimal | None


class Direction(Enum):
    """Which way a cursor goes on."""

    FORWARD = "f"
    BACKWARD = "b"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins.

    Attributes:
        fingerprint: of the query that it belongs to.
        direction: which way it goes on.
        value: the sort value of the row that it goes on from.
        tie_break: that row's unique value.
        inclusive: whether that row belongs to the page.
    """

    fingerprint: bytes
    direction: Direction
    value: KeyValue = field(repr=False)
    tie_break: KeyValue = field(repr=False)
    inclusive: bool = False


class Cursors:
    """Writes cursors as opaque texts and reads them again. Signed, not encrypted: a client may see its own keys.

    Args:
        signer: signs for `CURSOR_PURPOSE`.
    """

    __slots__ = ("_signer",)

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @classmethod
    def with_secret(cls, secret: bytes) -> "Cursors":
        """Make cursors that are signed with the application's secret."""
        return cls(Signer(secret, CURSOR_PURPOSE))

    def write(self, cursor: Cursor) -> str:
        """Return the text of a cursor.

        Raises:
            StatementError: the row's key is too long, or of a type that cannot be compared on every database.
        """
        payload = _encoder.encode(
            _Payload(
                cursor.fingerprint,
                cursor.direction,
                _tagged(cursor.value),
                _tagged(cursor.tie_break),
                cursor.inclusive,
            )
        )
        if len(payload) > _LONGEST_PAYLOAD:
            message = f"the key of a row takes {len(payload)} bytes in a cursor; {_LONGEST_PAYLOAD} are allowed"
            raise StatementError(message, hint="Sort by a shorter column.")
        return self._signer.sign(payload)

    def read(self, text: str, *, fingerprint: bytes) -> Cursor:
        """Return the cursor that a text stands for.

        Args:
            text: what a client sent.
            fingerprint: of the client's query.

        Raises:
            InvalidCursorError: the text was altered, signed with another secret, or belongs to another query.
        """
        try:
            payload = _decoder.decode(self._signer.verify(text))
            value, tie_break = _untagged(payload.value), _untagged(payload.tie_break)
        except (msgspec.MsgspecError, KeyError, ValueError, ArithmeticError) as error:
            message = "this is not a cursor of this application"
            raise InvalidCursorError(message) from error
        if payload.fingerprint != fingerprint:
            message = "the cursor belongs to a query with another list, sorting or filter"
            raise InvalidCursorError(message)
        return Cursor(fingerprint, payload.direction, value, tie_break, payload.inclusive)


def query_fingerprint(
    name: str, *, sort_by: str, order: SortOrder, filters: Mapping[str, object], tenant: str = ""
) -> bytes:
    """Return 16 bytes that stand for a query without its page.

    Args:
        name: of the list.
        sort_by: public name of the field.
        order: direction.
        filters: by public name, the value; None filters nothing.
        tenant: whose list it is.

    Raises:
        UnstorableValueError: a filter's value is text with a lone surrogate, which no database can hold.
    """
    wanted = {key: value for key, value in filters.items() if value is not None}
    try:
        text = msgspec.json.encode([name, sort_by, order, wanted, tenant], order="deterministic")
    except UnicodeEncodeError:
        message = "a filter is text with a lone surrogate"
        raise UnstorableValueError(message, hint="Decode the text properly first.") from None
    return hashlib.sha256(text).digest()[:16]


class _Payload(msgspec.Struct, frozen=True, array_like=True):
    fingerprint: bytes
    direction: Direction
    value: tuple[str, str]
    tie_break: tuple[str, str]
    inclusive: bool


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Payload)

_READERS: Final[Mapping[str, Callable[[str], KeyValue]]] = {
    "null": lambda _: None,
    "text": str,
    "int": int,
    "float": float.fromhex,
    "bool": bool,
    "bytes": bytes.fromhex,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
    "decimal": Decimal,
}


def _tagged(value: object) -> tuple[str, str]:  # noqa: C901 - one case for each type
    match value:
        case Enum():
            tagged = _tagged(value.value)
        case None:
            tagged = "null", ""
        case str():
            tagged = "text", str(value)
        case bool():  # before int, which it is as well; so is a datetime a date
            tagged = "bool", "1" if value else ""
        case int():
            tagged = "int", str(int(value))
        case float():
            tagged = "float", value.hex()
        case bytes():
            tagged = "bytes", value.hex()
        case datetime():
            tagged = "datetime", value.isoformat()
        case date():
            tagged = "date", value.isoformat()
        case UUID():
            tagged = "uuid", str(value)
        case Decimal():
            tagged = "decimal", str(value)
        case _:
            message = f"a value of type {type(value).__name__} cannot be a key of a cursor"
            raise StatementError(message, hint="Sort by text, numbers, times, UUIDs or booleans.")
    return tagged


def _untagged(tagged: tuple[str, str]) -> KeyValue:
    tag, text = tagged
    return _READERS[tag](text)
