"""The application's own tables that are moved along with a log, and those that must not be there before it."""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from duolog.database.port import Database
from duolog.errors import ConfigurationError, TransferError
from duolog.tables.ports import Row

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")
_MODULUS: Final = 2**256
_encoder: Final = msgspec.json.Encoder(order="sorted")


async def check_tables(source: Database, target: Database, wanted: Sequence[str]) -> Sequence[str]:
    """Refuse tables that cannot be moved.

    Args:
        source: opened for a transfer.
        target: opened for a transfer.
        wanted: the tables whose rows go along.

    Returns:
        All tables of the source that are not duolog's.

    Raises:
        ConfigurationError: a wanted table is missing in the source or in the target; or the target has a table of the
            source that is not wanted: with the checkpoint that comes, its projection would take it for complete.
    """
    here, there = await source.transfer.other_tables(), await target.transfer.other_tables()
    for database, tables in ((source, here), (target, there)):
        missing = [table for table in wanted if table not in tables]
        if missing:
            message = f"{database.url} has no table {', '.join(missing)}"
            raise ConfigurationError(message, hint="Make it first, with the application's own migrations.")
    doubtful = [table for table in here if table in there and table not in wanted]
    if doubtful:
        message = f"{target.url} has tables of the source already: {', '.join(doubtful)}"
        hint = "Drop views there: their projections build them anew. Of other tables, --tables moves the rows."
        raise ConfigurationError(message, hint=hint)
    return here


async def move_tables(source: Database, target: Database, tables: Sequence[str]) -> dict[str, int]:
    """Copy rows, and compare both sides by count and hash.

    Args:
        source: nobody writes in it.
        target: a table that has rows there must have the same already, from a run that was interrupted.
        tables: their names.

    Returns:
        How many rows each has.

    Raises:
        TransferError: the target's table has other rows.
        StatementError: a row does not fit the target's table.
    """
    counts: dict[str, int] = {}
    for table in tables:
        sent = await _digest(source.transfer.table_rows(table))
        if await _digest(target.transfer.table_rows(table)) == (0, 0):
            await target.transfer.receive_rows(table, source.transfer.table_rows(table))
        received = await _digest(target.transfer.table_rows(table))
        if sent != received:
            message = (
                f"table {table!r} has {sent[0]} rows in the source, and {received[0]} in {target.url}, or other ones"
            )
            hint = "Empty it there, if it had rows before; else compare the types of its columns. Then run this again."
            raise TransferError(message, hint=hint)
        counts[table] = sent[0]
    return counts


async def _digest(pages: AsyncIterator[Sequence[Row]]) -> tuple[int, int]:
    """Count rows, and sum their hashes: databases have orders of their own."""
    count = total = 0
    async for page in pages:
        for row in page:
            count += 1
            total += int.from_bytes(hashlib.sha256(_encoder.encode(_canonical(row))).digest(), "big")
    return count, total % _MODULUS


def _canonical(row: Row) -> Mapping[str, str | None]:
    return {column: _text(value) for column, value in row.items()}


def _text(value: Any) -> str | None:
    """Write a value in the one way in which it is compared, whatever type its column has on either side."""
    if value is None:
        return None
    if isinstance(value, bool | int | float | Decimal):
        return _number(Decimal(int(value) if isinstance(value, bool) else str(value)))
    if isinstance(value, str):
        return _read(value)
    if isinstance(value, bytes):
        return value.hex()
    is_in_utc = isinstance(value, datetime) and value.tzinfo is not None
    return value.astimezone(UTC).isoformat() if is_in_utc else str(value)


def _read(text: str) -> str:
    """A number or a time, where a text can be one: the other side may have it in a column of that type."""
    if _NUMBER.fullmatch(text):
        return _number(Decimal(text))
    return datetime.fromisoformat(text).astimezone(UTC).isoformat() if _TIME.fullmatch(text) else text


def _number(value: Decimal) -> str:
    return format(value.normalize(), "f") if value.is_finite() else str(value)
