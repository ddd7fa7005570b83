"""A session that reads one snapshot and cannot write."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any, TypeVar

from duolog.adapters._sql.fetching import OpenRows
from duolog.adapters._sql.reading import Reading
from duolog.adapters.sqlite.readers import Reader, Readers, in_snapshot
from duolog.adapters.sqlite.view_changes import read_view_changes
from duolog.dispatch.shield import shielded
from duolog.errors import NotStartedError
from duolog.tables.statements import Parameters
from duolog.tables.view_changes import ViewChanges

R = TypeVar("R")


class SqliteReadSession(Reading):
    """A `QuerySnapshot`: it takes a connection at its first fetch and gives it back at `close`.

    Args:
        readers: where connections come from.
        seconds: time limit of one statement; None for none.
    """

    __slots__ = ("_closed", "_lock", "_reader", "_readers", "_seconds", "_streams")

    def __init__(self, readers: Readers, *, seconds: float | None = None) -> None:
        self._readers = readers
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._reader: Reader | None = None
        self._closed = False
        self._streams: set[OpenRows] = set()

    def end(self) -> bool:
        """Let no further fetch begin, and tell whether it holds a connection or a fetch is still taking one."""
        self._closed = True
        return self._reader is not None or self._lock.locked()

    async def read(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work`` in this session's snapshot, after the fetches before it.

        Raises:
            NotStartedError: the session is closed.
            TimeLimitExceededError: the statement took too long.
        """
        async with self._lock:
            if self._closed:
                message = "this session is closed"
                raise NotStartedError(message, hint="Every message gets a session of its own; keep none of them.")
            if self._reader is None:
                self._reader = await self._readers.take()
            return await self._reader.run(lambda connection: in_snapshot(connection, work), seconds=self._seconds)

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to in this snapshot; see `ReadsViewChanges`."""
        return await self.read(lambda connection: read_view_changes(connection, views))

    async def close(self) -> None:
        """Give the connection back, after a fetch that still runs. May be called twice."""
        self.end()
        async with self._lock:
            while self._streams:
                self._streams.pop().close()  # one that was left early would keep the snapshot
            reader, self._reader = self._reader, None
            if reader is not None:
                self._readers.give_back(reader)

    async def _streamed(
        self, sql: str, parameters: Parameters | None, into: type[Any] | None, size: int
    ) -> AsyncGenerator[Any, None]:
        """Give the rows, which a cursor in this session's snapshot reads batch by batch."""
        rows = await self.read(lambda connection: self._opened(OpenRows(connection, sql, parameters)))
        try:
            more = True
            while more:
                batch = await self.read(lambda _: rows.fetch(into, size))
                more = len(batch) == size
                for row in batch:
                    yield row
        finally:
            await shielded(self._end_stream(rows))

    def _opened(self, rows: OpenRows) -> OpenRows:
        self._streams.add(rows)  # here, on its thread: whoever waits for it may be cancelled
        return rows

    async def _end_stream(self, rows: OpenRows) -> None:
        async with self._lock:
            self._streams.discard(rows)
            rows.close()
