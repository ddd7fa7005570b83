"""Looks at a database from outside of duolog, with plain SQL."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any, Protocol

import asyncpg

from duolog.adapters.postgres.database import MOST_LOG_CONNECTIONS
from duolog.adapters.sqlite.opened import MOST_LOG_READERS, MOST_SESSIONS
from tests.fresh_log import SESSION

AT_ONCE = 1.0
SESSIONS = 4
_LOOK = 0.005

_BUSY = """
    SELECT string_agg(format('%s: %s', state, left(query, 80)), '; ') FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
"""
_CONNECTED = f"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> '{SESSION}'
"""  # noqa: S608 - a constant


class LeakError(Exception):
    """A transaction or a connection is left over."""


class Outsider(Protocol):
    """Looks at one database.

    Attributes:
        url: of the database, with few sessions.
        sessions: how many sessions it has for reading.
        log_readers: how many connections it has for reading the log.
    """

    url: str
    sessions: int
    log_readers: int

    async def read(self, *statements: str) -> list[list[Any]]:
        """Read the first column of each statement in one snapshot, when everybody else has ended their transactions.

        ``{events}`` stands for the events' table.

        Raises:
            LeakError: a transaction is left open.
        """
        ...

    async def connected(self) -> int:
        """Return how many connections the database keeps but for one's own; 0 where nobody can tell."""
        ...


class SqliteOutsider:
    """An `Outsider` of a file."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._path = url.removeprefix("sqlite:///")
        self.sessions = MOST_SESSIONS
        self.log_readers = MOST_LOG_READERS

    async def read(self, *statements: str) -> list[list[Any]]:
        """As `Outsider.read`."""
        return await asyncio.to_thread(self._read, statements)

    def _read(self, statements: Sequence[str]) -> list[list[Any]]:
        with closing(sqlite3.connect(self._path, timeout=AT_ONCE, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise LeakError(str(error)) from error
            return [
                [value for (value,) in connection.execute(sql.format(events="duolog_events"))] for sql in statements
            ]

    async def connected(self) -> int:
        """As `Outsider.connected`."""
        return 0


class PostgresOutsider:
    """An `Outsider` of a database on a server."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}{'&' if '?' in url else '?'}pool_max={SESSIONS}"
        self._url = url
        self.sessions = SESSIONS
        self.log_readers = MOST_LOG_CONNECTIONS

    async def read(self, *statements: str) -> list[list[Any]]:
        """As `Outsider.read`."""
        connection = await asyncpg.connect(self._url)
        try:
            await _at_rest(connection)
            async with connection.transaction(isolation="repeatable_read"):
                return [
                    [row[0] for row in await connection.fetch(sql.format(events='"duolog".events'))]
                    for sql in statements
                ]
        finally:
            await connection.close()

    async def connected(self) -> int:
        """As `Outsider.connected`."""
        connection = await asyncpg.connect(self._url)
        try:
            await _at_rest(connection)
            with suppress(TimeoutError):
                async with asyncio.timeout(AT_ONCE):
                    while await connection.fetchval(_CONNECTED):  # noqa: ASYNC110 - the server has no signal for it
                        await asyncio.sleep(_LOOK)
            return int(await connection.fetchval(_CONNECTED))
        finally:
            await connection.close()


async def _at_rest(connection: asyncpg.Connection) -> None:
    busy = None
    try:
        async with asyncio.timeout(AT_ONCE):
            while busy := await connection.fetchval(_BUSY):  # noqa: ASYNC110 - the server has no signal for it
                await asyncio.sleep(_LOOK)
    except TimeoutError:
        message = f"still in a transaction: {busy}"
        raise LeakError(message) from None


def outsider_of(url: str) -> Outsider:
    """Return the outsider for a database."""
    return SqliteOutsider(url) if url.startswith("sqlite") else PostgresOutsider(url)
