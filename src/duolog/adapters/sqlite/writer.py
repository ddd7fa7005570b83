"""The writer: one thread with the one connection that writes, and group commit.

While one transaction commits, the next one gathers: the units that wait go into one transaction, each in its own
savepoint with its own result or error, and share one COMMIT and its one fsync. A lone unit waits for nobody.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from duolog.adapters._sql.errors import DRIVER_ERRORS
from duolog.adapters.sqlite.hold import Hold
from duolog.adapters.sqlite.units import (
    TransactionLostError,
    Unit,
    begin,
    commit,
    reported,
    roll_back,
    run_in_savepoint,
)
from duolog.errors import DatabaseBusyError, DatabaseError, NotStartedError, OutcomeUnknownError
from duolog.eventstore.appends import Appended

T = TypeVar("T")

MOST_UNITS: Final = 512
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_WAITING: Final = 4_096

_log: Final = logging.getLogger("duolog.sqlite")


@dataclass(slots=True, eq=False)
class _Job:
    """A unit that waits for its outcome.

    Attributes:
        unit: what is to be done.
        future: who waits for it, on the loop.
        result: its result, where it succeeded.
        error: its error, where it failed.
    """

    unit: Unit[Any]
    future: asyncio.Future[Any]
    result: object = None
    error: Exception | None = None


class Writer:
    """Runs units, many side by side, on one thread.

    Args:
        connect: opens the connection; called on the thread, again if a connection broke.
        on_append: called on the loop after a commit, with the last position that it appended.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, on_append: Callable[[int], None]) -> None:
        self._connect = connect
        self._on_append = on_append
        self._queue: SimpleQueue[_Job | Hold | None] = SimpleQueue()
        self._room = asyncio.Semaphore(MOST_WAITING)
        self._loop = asyncio.get_running_loop()
        self._connection: sqlite3.Connection | None = None
        self._ended = self._loop.create_future()
        self._closed = False
        self._thread = threading.Thread(target=self._main, name="duolog-sqlite-writer", daemon=True)

    # --- on the loop -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect and begin to serve.

        Raises:
            DatabaseError: it cannot connect.
        """
        self._thread.start()
        await self.run(_Nothing())

    async def run(self, unit: Unit[T]) -> T:
        """Run a unit in a transaction and return its result once that is committed.

        With too many waiting, it waits before it queues. A cancelled call's unit may still be committed.

        Raises:
            NotStartedError: the writer was closed.
            DatabaseBusyError: another process kept the lock for longer than the time limit.
            DatabaseFullError: there is no room; nothing of it was committed.
            OutcomeUnknownError: whether it was committed cannot be told.
            Exception: what the unit raised; nothing of it was committed.
        """
        async with self._room:
            self._check_open()
            future: asyncio.Future[T] = self._loop.create_future()
            self._queue.put(_Job(unit, future))
            return await future

    async def hold(self, *, seconds: float, patience: float) -> Hold:
        """Take the writer for one unit of work; nobody else's units run until it is given back.

        Args:
            seconds: after so long it is taken back and everything is rolled back.
            patience: how long to wait for it, in seconds.

        Raises:
            NotStartedError: the writer was closed.
            DatabaseBusyError: it could not be had in time.
        """
        self._check_open()
        hold = Hold(self._loop, seconds=seconds, on_append=self._on_append)
        self._queue.put(hold)
        try:
            async with asyncio.timeout(patience):
                await hold.granted()
        except TimeoutError as error:
            await hold.release()
            message = f"the writer could not be had within {patience:g} s"
            raise DatabaseBusyError(message, hint="Somebody else holds it: keep what runs inside short.") from error
        except BaseException:
            await hold.release()
            raise
        return hold

    async def close(self) -> None:
        """Finish what waits, and end the thread. May be called twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        if self._thread.ident is not None:
            await asyncio.shield(self._ended)
            self._thread.join()

    def _check_open(self) -> None:
        if self._closed:
            message = "the database is closed"
            raise NotStartedError(message, hint="Use it between open() and close().")

    def _resolve(self, jobs: list[_Job]) -> None:
        last = 0
        for job in jobs:
            if isinstance(job.result, Appended):
                last = max(last, job.result.position)
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        if last:
            self._on_append(last)

    # --- on the thread ---------------------------------------------------------------------------------------

    def _main(self) -> None:
        item = self._queue.get()
        while item is not None:
            if isinstance(item, Hold):
                self._lend(item)
                item = self._queue.get()
            else:
                jobs, item = self._gather(item)
                self._serve(jobs)
                item = item or self._queue.get()
        self._disconnect()
        self._tell(lambda: self._ended.done() or self._ended.set_result(None))

    def _gather(self, first: _Job) -> tuple[list[_Job], Any]:
        raise NotImplementedError
