"""Databases with a log for the tests of one module, and sessions that append step by step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from duolog.adapters.postgres import open_database
from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.adapters.postgres.location import parse_location
from duolog.ids import uuid7

APPEND = """
    SELECT "duolog".append_one('', $1, -1, $2, 'thing.happened', 1, '{}', 0::smallint, '{}', '{}', '{}')
"""


async def append(connection: Connection, stream: str) -> int:
    """Append one event in whatever transaction the session is in, and return its position."""
    position, _ = await connection.fetchval(APPEND, stream, uuid7())
    return int(position)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresDatabase]:
    """Open a database for the length of a block."""
    database = open_database(url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def session(url: str) -> AsyncIterator[Connection]:
    """Open a session of one's own for the length of a block."""
    connection = await connect(parse_location(url))
    try:
        yield connection
    finally:
        connection.terminate()


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until something holds in the server, which has no signal for it."""
    while not await holds():  # noqa: ASYNC110 - as the docstring says
        await asyncio.sleep(0.005)
