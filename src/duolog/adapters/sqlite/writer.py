"""The writer: one thread with the one connection that writes, and group commit.

While one transaction commits, the next one gathers: the units that wait go into one transaction, each in its own
savepoint with its own result or error, and share one COMMIT and its one fsync. A lone unit waits for nobody.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, TypeVar

from duolog.adapters._sql.errors import DRIVER_ERRORS
from duolog.adapters.sqlite.hold import Hold
from duolog.adapters.sqlite.jobs import Job, attempt, fail
from duolog.adapters.sqlite.units import Action, Unit, begin, commit, reported, roll_back
from duolog.errors import DatabaseBusyError, DatabaseError, NotStartedError, OutcomeUnknownError

T = TypeVar("T")

MOST_UNITS: Final = 512
MOST_BYTES: Final = 4 * 1024 * 1024
MOST_WAITING: Final = 4_096

_log: Final = logging.getLogger("duolog.sqlite")


class _Stop:
    """Comes last in the queue."""


class Writer:
    """Runs units, many side by side, on one thread.

    Args:
        connect: opens the connection; called on the thread, and again if the connection broke.
        on_commit: called on the loop with each committed result.
        on_batch: called on the loop with the number of units of each transaction; None where nobody counts.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        *,
        on_commit: Callable[[object], None],
        on_batch: Callable[[int], None] | None = None,
    ) -> None:
        self._connect = connect
        self._on_commit = on_commit
        self._on_batch = on_batch
        self._queue: SimpleQueue[Job | Hold | _Stop] = SimpleQueue()
        self._room = asyncio.Semaphore(MOST_WAITING)
        self._loop = asyncio.get_running_loop()
        self._connection: sqlite3.Connection | None = None
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._closed = False
        self._thread = threading.Thread(target=self._main, name="duolog-sqlite-writer", daemon=True)

    # --- on the loop -----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect and begin to serve.

        Raises:
            DatabaseError: it cannot connect.
        """
        self._thread.start()
        await self.run(Action(_nothing))

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
            self._queue.put(Job(unit, future))
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
        hold = Hold(self._loop, seconds=seconds, on_commit=self._on_commit)
        self._queue.put(hold)
        try:
            async with asyncio.timeout(patience):
                await hold.granted()
        except TimeoutError as error:
            hold.release()
            message = f"the writer could not be had within {patience:g} s"
            raise DatabaseBusyError(message, hint="Somebody else holds it: keep what runs inside short.") from error
        except BaseException:
            hold.release()
            raise
        return hold

    async def close(self) -> None:
        """Finish what waits, and end the thread. May be called twice."""
        if not self._closed:
            self._closed = True
            self._queue.put(_Stop())
        if self._thread.ident is not None:
            await asyncio.shield(self._ended)
            self._thread.join()

    def _check_open(self) -> None:
        if self._closed:
            message = "the database is closed"
            raise NotStartedError(message, hint="Use it between open() and close().")

    def _resolve(self, jobs: Sequence[Job]) -> None:
        if self._on_batch is not None:
            self._on_batch(len(jobs))
        for job in jobs:
            if job.error is None:
                self._on_commit(job.result)
            if job.future.done():
                continue  # its waiter was cancelled
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)

    # --- on the thread ---------------------------------------------------------------------------------------

    def _main(self) -> None:
        after: Hold | _Stop | None = None
        while not isinstance(after, _Stop):
            jobs, after = self._gather()
            if jobs:
                self._serve(jobs)
            if isinstance(after, Hold):
                self._lend(after)
        self._disconnect()
        self._call(self._end)

    def _gather(self) -> tuple[list[Job], Hold | _Stop | None]:
        jobs: list[Job] = []
        size = 0
        item = self._queue.get()
        while isinstance(item, Job):
            if not item.future.cancelled():
                jobs.append(item)
                size += item.unit.size
            if len(jobs) >= MOST_UNITS or size >= MOST_BYTES:
                return jobs, None
            try:
                item = self._queue.get_nowait()
            except Empty:
                return jobs, None
        return jobs, item

    def _serve(self, jobs: Sequence[Job]) -> None:
        try:
            self._transact(jobs)
        except Exception:  # noqa: BLE001 - a mistake of this module must not leave anybody waiting
            _log.exception("the writer failed; its connection is opened again")
            message = "the writer failed in the middle of a transaction"
            error = OutcomeUnknownError(message, hint="Look whether it was recorded before you send it again.")
            fail([job for job in jobs if not job.is_decided], error)
            self._disconnect()
        self._call(self._resolve, jobs)

    def _transact(self, jobs: Sequence[Job]) -> None:
        try:
            connection = self._connected()
            begin(connection)
        except Exception as error:  # noqa: BLE001 - every waiter must hear of it
            fail(jobs, error)
            return
        try:
            attempt(connection, jobs)
            commit(connection)
            for job in jobs:
                job.is_decided = True
        except OutcomeUnknownError as error:
            fail(jobs, error)
        except Exception as error:  # noqa: BLE001 - every waiter must hear of it
            self._recover(connection)
            if len(jobs) == 1:
                fail(jobs, error)
                return
            # One unit spoilt it for all of them: alone, each gets its own outcome.
            for job in jobs:
                self._transact((job,))

    def _lend(self, hold: Hold) -> None:
        try:
            hold.serve(self._connected())
        except Exception as error:  # noqa: BLE001 - the holder must hear of it
            hold.refuse(reported(error))
            if self._connection is not None:
                self._recover(self._connection)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _recover(self, connection: sqlite3.Connection) -> None:
        try:
            roll_back(connection)
        except DatabaseError:
            _log.exception("the writer's connection broke; it is opened again")
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except DRIVER_ERRORS:
            _log.debug("the WAL could not be checkpointed; the next process does it", exc_info=True)
        with suppress(*DRIVER_ERRORS):
            connection.close()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)

    def _end(self) -> None:
        if not self._ended.done():
            self._ended.set_result(None)


def _nothing(_: sqlite3.Connection) -> None:
    """Do nothing: the connection is opened for it."""
