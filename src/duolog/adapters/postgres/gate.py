"""The gate that all writers pass while a log is given away or taken in, and that a transfer shuts.

Its triggers are made one by one, each in a transaction of its own, which waits for those who write in that table; then
whoever writes has passed the gate, and shutting it waits for one lock only. So it cannot deadlock with writers, in
whatever order they write.
"""

import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql

_TABLES: Final = (
    *("events", "idempotency", "snapshots", "generations", "checkpoints", "stretches", "leases", "parked"),
    *("scheduled_commands", "process_states", "process_beginnings"),
)


async def add_gate(connections: Connections, *, seconds: float) -> None:
    """Make all writers pass the gate from now on.

    Args:
        connections: where a connection comes from.
        seconds: how long to wait for those who write in a table.

    Raises:
        DatabaseBusyError: they did not end in time.
    """
    for table in _TABLES:
        async with connections.transaction() as connection:
            await connection.execute(f"SET LOCAL lock_timeout = {_milliseconds(seconds)}")
            await connection.execute(_of(table, "add_gate", connections))


async def remove_gate(connections: Connections) -> None:
    """Let writers go past without it again."""
    for table in _TABLES:
        async with connections.transaction() as connection:
            await connection.execute(_of(table, "remove_gate", connections))


@asynccontextmanager
async def shut_gate(connections: Connections, *, seconds: float) -> AsyncGenerator[Connection, None]:
    """Begin a transaction in which nobody else writes; what is left open at the end is rolled back.

    The server itself ends it if nothing is asked for so long, also when this process hangs.

    Args:
        connections: where a connection comes from.
        seconds: how long to wait for those who write, and how long the transaction may be idle.

    Raises:
        DatabaseBusyError: they did not end in time.
    """
    connections.refuse_if_read_only()
    limit = _milliseconds(seconds)
    async with connections.use() as connection:
        await connection.execute(
            f"BEGIN; SET LOCAL lock_timeout = {limit}; SET LOCAL statement_timeout = 0; "
            f"SET LOCAL idle_in_transaction_session_timeout = {limit}; SET LOCAL synchronous_commit = on"
        )
        await connection.execute(load_sql("shut_gate", connections.location.schema))
        yield connection


def _of(table: str, sql: str, connections: Connections) -> str:
    return load_sql(sql, connections.location.schema).replace("{table}", table)


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1_000))
