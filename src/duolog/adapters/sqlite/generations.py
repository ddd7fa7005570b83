"""Generations of views."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.subscriptions.generations import Generation, Role

_READ: Final = load_sql("read_generations")
_OUTLIVED: Final = load_sql("outlived_generations")
_WRITE: Final = load_sql("write_generation")


class SqliteGenerations:
    """A `Generations`.

    Args:
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers",)

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def read(self, subscription: str) -> Sequence[Generation]:
        """Return the generations of a subscription, by number; none if it never ran."""
        return await self._readers.run(lambda connection: read_generations(connection, subscription))

    async def read_all(self) -> Sequence[Generation]:
        """Return all generations, by subscription and number."""
        return await self._readers.run(lambda connection: read_generations(connection, None))

    async def outlived(self, subscription: str, *, seconds: float) -> Sequence[Generation]:
        """Return the previous generations that have had their time; see `Generations.outlived`."""
        values = {"subscription": subscription, "until": time.time_ns() // 1_000 - round(seconds * 1_000_000)}
        rows = await self._readers.run(lambda connection: connection.execute(_OUTLIVED, values).fetchall())
        return [_generation_of(row) for row in rows]


def read_generations(connection: sqlite3.Connection, subscription: str | None) -> list[Generation]:
    """Return the generations of one subscription, or of all, by subscription and number."""
    return [_generation_of(row) for row in connection.execute(_READ, {"subscription": subscription})]


def new_generation(subscription: str, number: int, version: int, role: Role, tables: Sequence[str]) -> Generation:
    """Make a generation that begins now."""
    return Generation(subscription, number, version, role, time.time_ns() // 1_000, tuple(tables))


def write_generation(connection: sqlite3.Connection, generation: Generation) -> None:
    """Keep a generation in the open transaction."""
    connection.execute(
        _WRITE,
        {
            "subscription": generation.subscription,
            "number": generation.number,
            "version": generation.version,
            "role": generation.role.value,
            "since": generation.since,
            "tables": msgspec.json.encode(generation.tables).decode(),
        },
    )


def _generation_of(row: Sequence[Any]) -> Generation:
    subscription, number, version, role, since, tables = row
    names = msgspec.json.decode(tables, type=tuple[str, ...])
    return Generation(subscription, number, version, Role(role), since, names)
