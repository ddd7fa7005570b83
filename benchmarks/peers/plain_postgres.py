"""A table of events without any library around it, and one prepared INSERT a transaction: what the server allows.

Connections are asyncpg's, in autocommit mode, each with its statement prepared once, as
https://magicstack.github.io/asyncpg/current/api/index.html#prepared-statements advises for what runs more than once.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import UUID

import asyncpg

from benchmarks.workloads.accounts import opened
from duolog.codec.event_codec import EventCodec
from duolog.ids import uuid7

TABLE: Final = """
CREATE TABLE events (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at bigint NOT NULL,
    event_id uuid NOT NULL UNIQUE,
    version integer NOT NULL,
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    data json NOT NULL,
    metadata json NOT NULL,
    UNIQUE (stream, version)
)
"""
INSERT: Final = """
INSERT INTO events (recorded_at, event_id, version, stream, type, data, metadata) VALUES ($1, $2, 1, $3, $4, $5, '{}')
"""

Row = tuple[int, UUID, str, str, str]


class Rows:
    """Rows to insert, whose payload is encoded once: what is measured is the database."""

    def __init__(self, codec: EventCodec) -> None:
        event = codec.encode(opened(uuid7()))
        self._type, self.data = event.type, event.data.decode()

    def next(self) -> Row:
        return time.time_ns() // 1_000, uuid7(), f"account-{uuid7()}", self._type, self.data


class Inserts:
    """Prepared INSERTs over a number of connections, which whoever waits longest gets next."""

    def __init__(self, statements: list[Any], rows: Rows) -> None:
        self._free = deque(statements)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._rows = rows

    async def insert(self) -> None:
        if self._free:
            statement = self._free.popleft()
        else:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            statement = await waiter
        await statement.fetch(*self._rows.next())
        if self._waiting:
            self._waiting.popleft().set_result(statement)
        else:
            self._free.append(statement)


@asynccontextmanager
async def open_inserts(url: str, codec: EventCodec, connections: int) -> AsyncGenerator[Inserts]:
    opened_ones = [await asyncpg.connect(url) for _ in range(connections)]
    try:
        await opened_ones[0].execute(TABLE.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))
        yield Inserts([await connection.prepare(INSERT) for connection in opened_ones], Rows(codec))
    finally:
        for connection in opened_ones:
            await connection.close()
