"""Units of work: tables and log change in one step of the event loop, or neither does."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from duolog.adapters._sql.reading import Writing
from duolog.adapters._sql.statements import run_statement
from duolog.adapters.memory.idempotency import MemoryIdempotencyStore
from duolog.adapters.memory.log import MemoryLog
from duolog.adapters.memory.reading import MemoryReadSession, TableReads
from duolog.adapters.memory.snapshots import MemorySnapshots
from duolog.adapters.memory.subscriptions import MemoryCheckpoints
from duolog.adapters.memory.tables import Tables
from duolog.errors import DatabaseBusyError
from duolog.eventstore.appends import Appended
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.tables.ports import ReadSession
from duolog.tables.statements import Statement
from duolog.write.sealed_work import HeldWriter, SealedWork

R = TypeVar("R")

_HINT: Final = "Hold the writer for a few statements only, and await nothing else meanwhile."


class MemoryCommitter:
    """A `WorkCommitter` over the log and the tables of one database in memory.

    Args:
        log: where events are recorded.
        tables: where statements run.
        keys: where idempotency keys are kept.
        snapshots: where snapshots are kept.
        checkpoints: where views are.
    """

    __slots__ = ("_checkpoints", "_keys", "_log", "_snapshots", "_tables")

    def __init__(
        self,
        log: MemoryLog,
        tables: Tables,
        keys: MemoryIdempotencyStore,
        snapshots: MemorySnapshots,
        checkpoints: MemoryCheckpoints,
    ) -> None:
        self._checkpoints = checkpoints
        self._keys = keys
        self._log = log
        self._tables = tables
        self._snapshots = snapshots

    async def commit(self, work: SealedWork) -> Appended:
        """Commit one unit of work; see `WorkCommitter.commit`."""
        async with self._tables.turn:
            with self._tables.transaction():
                return self._commit(work)

    async def settle(self) -> None:
        """Do nothing: what was not committed at once never will be."""

    def open_reader(self) -> ReadSession:
        """Open a session that reads what is committed."""
        return MemoryReadSession(self._tables)

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        """Take the writer for one unit of work; see `WorkCommitter.hold_writer`."""
        try:
            async with asyncio.timeout(seconds):
                await self._tables.turn.acquire()
        except TimeoutError as error:
            message = f"the writer could not be had within {seconds:g} s"
            raise DatabaseBusyError(message, hint=_HINT) from error
        try:
            return MemoryHeldWriter(self._tables, self._commit, self._checkpoints, seconds=seconds)
        except BaseException:
            self._tables.turn.release()
            raise

    def _commit(self, work: SealedWork) -> Appended:
        """Commit the open transaction with ``work``; it is left open if the work is refused or a repetition."""
        if work.idempotency is not None:
            self._keys.check(work.idempotency)
        outcome = self._log.repeated(work.appends, work.tenant)
        if outcome is None:
            for statement in work.statements:
                run_statement(self._tables.connection, statement)
            events = self._log.check(work.appends, work.conditions, work.tenant)
            self._tables.commit()
            self._snapshots.save(work.snapshots, work.tenant)
            outcome = self._log.record(events)
        if work.idempotency is not None:
            self._keys.record(work.idempotency, outcome)
        return outcome


class MemoryHeldWriter(TableReads, Writing):
    """A `HeldWriter`: an open transaction that everybody else waits for.

    Args:
        tables: whose turn it has, and gives back.
        commit: commits the open transaction with a unit of work.
        checkpoints: where views are.
        seconds: after so long it is rolled back.
    """

    def __init__(
        self,
        tables: Tables,
        commit: Callable[[SealedWork], Appended],
        checkpoints: MemoryCheckpoints,
        *,
        seconds: float,
    ) -> None:
        super().__init__(tables)
        self._checkpoints = checkpoints
        self._commit = commit
        self._limit = seconds
        self._timed_out = False
        tables.begin()
        self._timer: asyncio.TimerHandle | None = asyncio.get_running_loop().call_later(seconds, self._take_back)

    def end(self) -> bool:
        """Tell whether the tables are still held; what is open is rolled back by `close`."""
        return self._timer is not None

    async def write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work``, which may write, in the open transaction; nothing of it remains if it fails."""
        self._check_held()
        with self._tables.savepoint() as connection:
            return work(connection)

    async def run(self, statement: Statement) -> int:
        """Run a writing statement now; see `HeldWriter.run`. A refused one leaves nothing behind."""
        return await self.write(lambda connection: run_statement(connection, statement))

    async def await_turn(self, tenant: str, streams: Collection[str]) -> None:
        """Go on: nobody else has the tables."""

    async def live_checkpoints(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of a subscription's live generation; see `HeldWriter.live_checkpoints`."""
        return await self._checkpoints.read(subscription)

    async def commit(self, work: SealedWork) -> Appended:
        """Add ``work`` to what was run, commit, and give the writer back."""
        self._check_held()
        try:
            return self._commit(work)
        finally:
            self._end()

    async def close(self) -> None:
        """Roll back what was not committed, and give the writer back. May be called twice."""
        self._end()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None, None]:
        self._check_held()
        yield

    def _take_back(self) -> None:
        self._timed_out = True
        self._end()

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._tables.rollback()
            self._tables.turn.release()

    def _check_held(self) -> None:
        if self._timer is None:
            message = (
                f"the writer was held for longer than {self._limit:g} s; everything was rolled back"
                if self._timed_out
                else "the writer was given back"
            )
            raise DatabaseBusyError(message, hint=_HINT)
