"""Waiting for the log to grow: woken at once by this process's commits, by a poll for those of other processes."""

import asyncio
import sqlite3
from typing import Final

from duolog.adapters.sqlite.readers import Reader
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.errors import DuologError, NotStartedError

_HEAD: Final = load_sql("head")
_DATA_VERSION: Final = "PRAGMA data_version"
_SHORTEST: Final = 0.01
_LONGEST: Final = 0.2
_GROWTH: Final = 1.5


class Tail:
    """Tells any number of waiters that there may be something new; one poller serves them all, while somebody waits.

    Args:
        reader: a connection of its own, so that SQLite can tell it what changed since it last looked.
    """

    __slots__ = ("_closed", "_head", "_poller", "_reader", "_seen", "_waiting")

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._head = 0
        self._seen: int | None = None
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    async def beyond(self, position: int) -> None:
        """Wait until the log may have events above ``position``.

        Raises:
            NotStartedError: the database was closed.
            DatabaseError: looking for other processes' events failed.
        """
        if self._closed:
            raise _closed()
        if self._head > position:
            return
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name="duolog-sqlite-tail")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = position
        try:
            await waiter
        finally:
            del self._waiting[waiter]

    def advance(self, head: int) -> None:
        """Wake those who wait for something up to ``head``."""
        if head <= self._head:
            return
        self._head = head
        for waiter, position in self._waiting.items():
            if position < head and not waiter.done():
                waiter.set_result(None)

    async def close(self) -> None:
        """Stop polling, and send the waiters away."""
        self._closed = True
        self._fail(_closed())
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait((self._poller,))

    async def _poll(self) -> None:
        pause = _SHORTEST
        try:
            while self._waiting:
                version, head = await self._reader.run(self._look)
                pause = _SHORTEST if version != self._seen else min(pause * _GROWTH, _LONGEST)
                self._seen = version
                if head is not None:
                    self.advance(head)
                await asyncio.sleep(pause)
        except DuologError as error:
            self._fail(error)

    def _look(self, connection: sqlite3.Connection) -> tuple[int, int | None]:
        version = int(connection.execute(_DATA_VERSION).fetchone()[0])
        if version == self._seen:
            return version, None
        return version, int(connection.execute(_HEAD).fetchone()[0])

    def _fail(self, error: DuologError) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(error)


def _closed() -> NotStartedError:
    message = "the database was closed while somebody followed the log"
    return NotStartedError(message)
