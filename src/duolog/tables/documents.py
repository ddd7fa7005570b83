"""Reading documents: one table of keys and JSON, typed."""

import re
from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar, cast

import msgspec

from duolog.codec.reasons import unfit_reason
from duolog.errors import StatementError
from duolog.tables.ports import ReadDatabase

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_AT_ONCE: Final = 64


def documents_table(name: str) -> str:
    """Return the DDL of a table for documents, which is the same on every database; for ``tables`` of a projection.

    Raises:
        StatementError: it is no name of a table: lower-case letters, digits and underscores.
    """
    return f"CREATE TABLE {_checked(name)} (key TEXT PRIMARY KEY, document JSONB NOT NULL)"


class Documents(Generic[T]):
    """Typed documents of one table, for gateways; a projection writes them by `DocumentView`.

    What was read once is kept for as long as the object lives: a query scope's reads see one snapshot anyway.

    Args:
        table: the table's name, see `documents_table`.
        of: a dataclass, msgspec struct or TypedDict; one that cannot be changed, as it is handed out again.
        db: reads the table.

    Raises:
        StatementError: ``table`` is no name of a table.
    """

    def __init__(self, table: str, of: type[T], db: ReadDatabase) -> None:
        self._table = _checked(table)
        self._decoder = msgspec.json.Decoder(of)
        self._known: dict[str, T | None] = {}
        self._reading = db

    async def get(self, key: str) -> T | None:
        """Return a document; None if there is none.

        Raises:
            StatementError: what is stored does not fit its class.
            DatabaseError: the database failed.
        """
        if key not in self._known:
            await self._load([key])
        return self._known[key]

    async def get_all(self, keys: Iterable[str]) -> dict[str, T]:
        """Return those of some documents that there are, by key, in one read for every 64; errors as `get`."""
        wanted = list(dict.fromkeys(keys))
        await self._load([key for key in wanted if key not in self._known])
        return {key: document for key in wanted if (document := self._known[key]) is not None}

    async def _load(self, keys: Sequence[str]) -> None:
        for begin in range(0, len(keys), _AT_ONCE):
            some = keys[begin : begin + _AT_ONCE]
            # Few texts, whatever the number of keys: the last key fills the places up.
            places = 1 << (len(some) - 1).bit_length()
            names = [f"k{place}" for place in range(places)]
            values = dict(zip(names, [*some, *[some[-1]] * (places - len(some))], strict=True))
            marks = ", ".join(f":{name}" for name in names)
            sql = f"SELECT key, document FROM {self._table} WHERE key IN ({marks})"  # noqa: S608 - the name is checked
            found = {row["key"]: row["document"] for row in await self._reading.fetch(sql, values)}
            self._known |= {key: self._decoded(found[key]) if key in found else None for key in some}

    def _decoded(self, document: object) -> T:
        try:
            return self._decoder.decode(cast("str", document))
        except msgspec.ValidationError as error:
            message = f"a document of {self._table!r} does not fit its class: {unfit_reason(error)}"
            raise StatementError(message, hint="Raise the projection's version, so that it is built anew.") from None


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        message = f"{name!r} is no name of a table"
        raise StatementError(message, hint="Use lower-case letters, digits and underscores.")
    return name
