"""Generations of views, and where their tables are."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.generations import Generation, Role

_LONGEST_NAME: Final = 63


class PostgresGenerations:
    """A `Generations`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def read(self, subscription: str) -> Sequence[Generation]:
        """Return the generations of a subscription, by number; none if it never ran."""
        return await self._read(subscription)

    async def read_all(self) -> Sequence[Generation]:
        """Return all generations, by subscription and number."""
        return await self._read(None)

    async def outlived(self, subscription: str, *, seconds: float) -> Sequence[Generation]:
        """Return the previous generations that have had their time; see `Generations.outlived`."""
        sql, age = load_sql("outlived_generations", self._schema), round(seconds * 1_000_000)
        return [generation_of(row) for row in await self._connections.fetch(sql, subscription, age)]

    async def _read(self, subscription: str | None) -> list[Generation]:
        rows = await self._connections.fetch(load_sql("read_generations", self._schema), subscription)
        return [generation_of(row) for row in rows]


def generation_of(row: Any) -> Generation:
    """Make a generation of its columns."""
    subscription, number, version, role, since, tables = row
    return Generation(subscription, number, version, Role(role), since, tuple(tables))


def generation_schema(schema: str, subscription: str, number: int) -> str:
    """Return the name of the schema in which the tables of a generation are that is not live.

    Args:
        schema: of duolog's own tables.
        subscription: the view's name.
        number: the generation's number.

    Returns:
        ``<schema>_<subscription>_g<number>``; a name that would be too long has a digest in it.
    """
    name = f"{schema}_{subscription}_g{number}"
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = hashlib.blake2b(f"{schema}\x1f{subscription}".encode(), digest_size=16).hexdigest()
    return f"duolog_{digest}_g{number}"
