"""Giving a log in memory away, and taking one in."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from duolog.adapters._sql.whole_tables import begin_rows, insert_rows, next_rows, other_tables
from duolog.adapters.memory.clock import DatabaseClock
from duolog.adapters.memory.idempotency import MemoryIdempotencyStore
from duolog.adapters.memory.log import MemoryLog
from duolog.adapters.memory.moved_processes import all_beginnings, all_commands, all_processes, replace_all
from duolog.adapters.memory.pauses import MemoryPauses
from duolog.adapters.memory.snapshots import MemorySnapshots
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryGenerations, MemoryParking
from duolog.adapters.memory.tables import Tables
from duolog.database.closed_log import check_beginning, check_in_use, closed_error
from duolog.database.transfer import (
    InUse,
    KeptKey,
    KeptPause,
    KeptProcess,
    LogIdentity,
    Moved,
    ProcessBeginning,
    Receiving,
    Remembered,
    TenantSnapshot,
    TransferState,
    normalised,
)
from duolog.errors import DatabaseBusyError, HoldExpiredError
from duolog.messages.envelope import RecordedEvent
from duolog.scheduling.scheduled_command import ScheduledCommand
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.processed import Stretch
from duolog.tables.ports import Row

_URL: Final = "memory://"


@dataclass(frozen=True, slots=True)
class Memory:
    """What a database remembers beside the events.

    Attributes:
        generations: which views there are.
        checkpoints: how far subscriptions are.
        pauses: which of them stand still on purpose.
        parking: what they set aside.
        snapshots: states of streams.
        keys: idempotency keys.
    """

    generations: MemoryGenerations
    checkpoints: MemoryCheckpoints
    pauses: MemoryPauses
    parking: MemoryParking
    snapshots: MemorySnapshots
    keys: MemoryIdempotencyStore


class MemoryTransfer:
    """A `LogTransfer`.

    Args:
        log: the log.
        memory: what is remembered beside it.
        tables: whose turn stops writers.
        clock: dates the transfer.
    """

    __slots__ = ("_clock", "_log", "_memory", "_secret_check", "_state", "_tables")

    def __init__(self, log: MemoryLog, memory: Memory, tables: Tables, clock: DatabaseClock) -> None:
        self._log = log
        self._memory = memory
        self._tables = tables
        self._clock = clock
        self._state: TransferState = InUse()
        self._secret_check = ""

    def keep_secret_check(self, check: str) -> str:
        """Keep a check value of the application's secret; see `Database.keep_secret_check`."""
        self._secret_check = self._secret_check or check
        return self._secret_check

    async def state(self) -> TransferState:
        """Tell whether the log is in use, on its way in, or gone."""
        return self._state

    async def identity(self) -> LogIdentity:
        """Return what makes the log the same log elsewhere."""
        return LogIdentity(self._log.log_id, self._secret_check)

    async def other_tables(self) -> Sequence[str]:
        """Return the names of all tables, sorted: none of them is duolog's own."""
        return other_tables(self._tables.connection)

    async def remembered(self) -> AsyncGenerator[Sequence[Remembered], None]:
        """Yield what is remembered beside the events; see `LogTransfer.remembered`."""
        memory = self._memory
        lives = [each for each in await memory.generations.read_all() if each.role is Role.LIVE]
        keys = {(each.subscription, each.number) for each in lives}
        yield lives
        yield [each for each in await memory.checkpoints.read_all() if each.share.key[:2] in keys]
        yield [each for each in memory.checkpoints.all_stretches() if each.share.key[:2] in keys]
        yield [KeptPause(name, pause) for name, pause in sorted((await memory.pauses.read()).items())]
        yield all_beginnings(self._tables)
        yield all_processes(self._tables)
        yield all_commands(self._tables)
        yield [each for each in memory.parking.all() if (each.subscription, each.generation) in keys]
        yield memory.snapshots.all()
        yield memory.keys.all()

    async def table_rows(self, table: str) -> AsyncGenerator[Sequence[Row], None]:
        """Yield the rows of a table; see `LogTransfer.table_rows`."""
        cursor = begin_rows(self._tables.connection, table)
        while page := next_rows(cursor):
            yield page

    @asynccontextmanager
    async def stop_writers(self, *, seconds: float) -> AsyncGenerator["MemoryStoppedWriters", None]:
        """Keep everybody else from writing; see `LogTransfer.stop_writers`."""
        try:
            async with asyncio.timeout(seconds):
                await self._tables.turn.acquire()
        except TimeoutError as error:
            message = f"the writers did not end within {seconds:g} s"
            raise DatabaseBusyError(message, hint="Try again.") from error
        stopped = MemoryStoppedWriters(self._close)
        timer = asyncio.get_running_loop().call_later(seconds, self._let_go, stopped)
        try:
            yield stopped
        finally:
            timer.cancel()
            self._let_go(stopped)

    async def take_back(self) -> None:
        """Open a log again that was moved; see `LogTransfer.take_back`."""
        if isinstance(self._state, Moved):
            self._set(InUse())

    async def begin(self, identity: LogIdentity, source: str) -> int:
        """Become the given log; see `LogTransfer.begin`."""
        check_beginning(await self.identity(), self._state, identity, head=self._log.head, url=_URL)
        self._set(Receiving(source, self._clock.now()))
        self._log.log_id, self._secret_check = identity.log_id, identity.secret_check
        return self._log.head

    async def receive(self, events: Sequence[RecordedEvent]) -> None:
        """Record events with everything that they have; see `LogTransfer.receive`."""
        self._check_receiving()
        self._log.receive(events)

    async def stream_versions(self, streams: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Return the versions of streams that have events."""
        return {at: len(events) for at in streams if (events := self._log.stream(*at))}

    async def replace_remembered(self, pages: AsyncIterable[Sequence[Remembered]]) -> None:
        """Replace what is remembered; see `LogTransfer.replace_remembered`."""
        self._check_receiving()
        await self._remember([normalised(each) async for page in pages for each in page])

    async def receive_rows(self, table: str, pages: AsyncIterable[Sequence[Row]]) -> None:
        """Insert rows in one transaction; see `LogTransfer.receive_rows`."""
        async with self._tables.turn:
            with self._tables.transaction() as connection:
                async for page in pages:
                    insert_rows(connection, table, page)
                self._tables.commit()

    async def abandon(self) -> None:
        """Forget what was received; see `LogTransfer.abandon`."""
        self._check_receiving()
        self._log.clear()
        await self._remember(())
        self._secret_check = ""
        self._set(InUse())

    async def finish(self) -> None:
        """Take the log into use; see `LogTransfer.finish`."""
        if isinstance(self._state, Moved):
            check_in_use(self._state, _URL)
        self._set(InUse())

    async def _remember(self, every: Sequence[Remembered]) -> None:
        memory = self._memory
        processes = [each for each in every if isinstance(each, ProcessBeginning | KeptProcess | ScheduledCommand)]
        await replace_all(self._tables, processes)
        memory.generations.replace([each for each in every if isinstance(each, Generation)])
        memory.checkpoints.replace(
            [each for each in every if isinstance(each, Checkpoint)],
            [each for each in every if isinstance(each, Stretch)],
        )
        memory.pauses.replace({each.subscription: each.pause for each in every if isinstance(each, KeptPause)})
        memory.parking.replace([each for each in every if isinstance(each, ParkedEvent)])
        memory.snapshots.replace([each for each in every if isinstance(each, TenantSnapshot)])
        memory.keys.replace([each for each in every if isinstance(each, KeptKey)])

    def _close(self, target: str) -> None:
        self._set(Moved(target, self._clock.now()))

    def _let_go(self, stopped: "MemoryStoppedWriters") -> None:
        if not stopped.has_ended:
            stopped.has_ended = True
            self._tables.turn.release()

    def _set(self, state: TransferState) -> None:
        self._state = state
        self._log.is_closed = not isinstance(state, InUse)

    def _check_receiving(self) -> None:
        if not isinstance(self._state, Receiving):
            raise closed_error()


class MemoryStoppedWriters:
    """A `StoppedWriters`.

    Args:
        close: marks the log as moved.
    """

    def __init__(self, close: Callable[[str], None]) -> None:
        self._close = close
        self.has_ended = False

    async def mark_moved(self, target: str) -> None:
        """Close the log; see `StoppedWriters.mark_moved`."""
        if self.has_ended:
            message = "the writers were stopped for too long, and go on"
            raise HoldExpiredError(message, hint="Try again; nothing was changed.")
        self._close(target)
