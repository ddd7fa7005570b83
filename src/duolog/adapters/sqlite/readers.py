"""Read-only connections: given out in turn, each used by one thread at a time."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters.sqlite.threads import Call, Threads
from duolog.dispatch.shield import shielded
from duolog.errors import DatabaseBusyError, NotStartedError, TimeLimitExceededError

T = TypeVar("T")

_BETWEEN_INTERRUPTS: Final = 0.02


class Reader:
    """One read-only connection, opened when it is first used.

    Args:
        connect: opens it; called on a worker thread.
        threads: the worker threads.
    """

    __slots__ = ("_connect", "_connection", "_threads")

    def __init__(self, connect: Callable[[], sqlite3.Connection], threads: Threads) -> None:
        self._connect = connect
        self._threads = threads
        self._connection: sqlite3.Connection | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T], *, seconds: float | None = None) -> T:
        """Run ``work`` on a worker thread, one at a time.

        When this returns or raises, also because it was cancelled, no thread uses the connection any more.

        Args:
            work: gets the connection.
            seconds: time limit; None for none.

        Raises:
            NotStartedError: the database was closed.
            TimeLimitExceededError: it took longer; it was interrupted.
            DatabaseError: the database failed.
        """
        call = self._threads.call(partial(self._work, work))
        try:
            if seconds is None:
                return await call.answer
            await asyncio.wait((call.answer,), timeout=seconds)
            if not call.answer.done():
                await self._stop(call)
                message = f"a statement took longer than {seconds:g} s"
                raise TimeLimitExceededError(message, seconds=seconds)
        except asyncio.CancelledError:
            await shielded(self._stop(call))
            raise
        return call.answer.result()

    def roll_back(self) -> None:
        """End the read transaction; nothing may be running. Takes no time: nothing is written."""
        if self._connection is not None:
            self._connection.rollback()

    def interrupt(self) -> None:
        """Interrupt what runs."""
        if self._connection is not None:
            self._connection.interrupt()

    def close(self) -> None:
        """Close the connection; nothing may be running."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _work(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._connect()
        try:
            return work(self._connection)
        except DRIVER_ERRORS as error:
            raise database_error(error) from error

    async def _stop(self, call: Call[T]) -> None:
        call.answer.cancel()
        if call.take_back():
            return
        while not call.is_over:
            # An interrupt between two statements of ``work`` is lost, so it is repeated.
            self.interrupt()
            await call.over(seconds=_BETWEEN_INTERRUPTS)


class Readers:
    """A pool of readers: first come, first served.

    Args:
        connect: opens a connection.
        threads: the worker threads.
        most: so many connections at once.
        patience: how long to wait for one, in seconds.
    """

    __slots__ = ("_closed", "_connect", "_idle", "_patience", "_readers", "_room", "_threads")

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], threads: Threads, *, most: int, patience: float
    ) -> None:
        self._connect = connect
        self._threads = threads
        self._patience = patience
        self._room = asyncio.Semaphore(most)
        self._idle: list[Reader] = []
        self._readers: list[Reader] = []
        self._closed = False

    async def take(self) -> Reader:
        """Take a connection; give it back with `give_back`.

        Raises:
            NotStartedError: the pool is closed.
            DatabaseBusyError: none was free in time.
        """
        try:
            if self._room.locked():
                async with asyncio.timeout(self._patience):
                    await self._room.acquire()
            else:
                await self._room.acquire()  # at once
        except TimeoutError as error:
            message = f"no reading connection was free within {self._patience:g} s"
            raise DatabaseBusyError(
                message, hint="Too many query scopes are open, or one scope waits in another."
            ) from error
        if self._closed:
            self._room.release()
            raise _closed()
        if self._idle:
            return self._idle.pop()
        reader = Reader(self._connect, self._threads)
        self._readers.append(reader)
        return reader

    def give_back(self, reader: Reader) -> None:
        """Give a connection back, its read transaction ended."""
        reader.roll_back()
        self._idle.append(reader)
        self._room.release()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one snapshot, on a connection of its own."""
        reader = await self.take()
        try:
            return await reader.run(lambda connection: _in_own_snapshot(connection, work))
        finally:
            self.give_back(reader)

    def refuse(self) -> None:
        """Give out no more, and interrupt what runs."""
        self._closed = True
        for reader in self._readers:
            reader.interrupt()

    def close(self) -> None:
        """Close all connections; nothing may be running."""
        for reader in self._readers:
            reader.close()


def _in_own_snapshot(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run ``work`` in a read transaction, and end it here: the event loop would wait for the interpreter's lock."""
    try:
        return in_snapshot(connection, work)
    finally:
        connection.rollback()


def in_snapshot(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run ``work`` in the connection's read transaction, which begins if there is none."""
    if not connection.in_transaction:
        connection.execute("BEGIN")
    return work(connection)


def _closed() -> NotStartedError:
    message = "the database is closed"
    return NotStartedError(message, hint="Use it between open() and close().")
