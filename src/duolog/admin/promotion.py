"""Moving a log from one database to another, while it goes on being written until the very end.

Whatever happens in between, the log can be written in one place at most: the source is closed before the target is
opened. A promotion that was interrupted, at any point, is gone on with by the next one.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from itertools import zip_longest
from typing import Final

from duolog.admin.log_digest import LogDigest
from duolog.admin.moved_memory import moved_memory, verify_memory, views_to_build
from duolog.admin.moved_tables import check_tables, move_tables
from duolog.database.closed_log import check_beginning, check_in_use
from duolog.database.port import Database
from duolog.database.transfer import InUse, Moved, StoppedWriters, TransferState
from duolog.errors import ConfigurationError, LogNotEmptyError, TransferError
from duolog.messages.envelope import RecordedEvent

PAGE: Final = 2_000
_MOST_ROUNDS: Final = 20
_FIRST_MIGRATION: Final = "0001_"


class Phase(Enum):
    """What a promotion is doing."""

    COPYING = "copying"
    VERIFYING = "verifying"


Progress = Callable[[Phase, int, int], None]
"""Is called with the phase, the position that it has reached, and the one that it goes to."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be moved.

    Attributes:
        source: where the log is; not open.
        target: where it is to be; not open.
        pause: for how long the source's writers may be stopped at the end, in seconds.
        tables: the application's own tables whose rows go along.
    """

    source: Database
    target: Database
    pause: float = 60.0
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promotion:
    """What was moved, and is proven to be the same on both sides.

    Attributes:
        events: how many events the log has.
        digest: SHA-256 over all of them, as `duolog export` shows it.
        copied: how many of them this run copied; the others were there from a run that was interrupted.
        remembered: how many generations, checkpoints, pauses, parked events, snapshots, idempotency keys, processes
            and scheduled commands were moved.
        rows: how many rows of each of the application's tables were moved.
        left: the application's tables that stay behind.
        to_build: names of inline views that are to be built in the target before the application starts there.
        seconds: how long it took.
        paused: for how long the source's writers were stopped, in seconds.
        was_done: it had been moved before; nothing was done.
    """

    events: int
    digest: str
    copied: int = 0
    remembered: int = 0
    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    left: Sequence[str] = ()
    to_build: Sequence[str] = ()
    seconds: float = 0.0
    paused: float = 0.0
    was_done: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a promotion would do.

    Attributes:
        events_through: position of the source's last event.
        received_through: position up to which the target has them already.
        tables: the application's tables in the source.
        to_build: names of inline views that are to be built in the target before the application starts there.
        was_done: it has been moved already.
    """

    events_through: int
    received_through: int
    tables: Sequence[str]
    to_build: Sequence[str] = ()
    was_done: bool = False


async def plan(order: Order) -> Plan:
    """Look whether a promotion can be done; nothing is changed in either database, but pending migrations are applied.

    Raises:
        DuologError: as `promote`.
    """
    async with _opened(order):
        source, target = order.source, order.target
        was_done = await _check(order)
        tables = () if was_done else await check_tables(source, target, order.tables)
        to_build = () if was_done else await views_to_build(source, order.tables)
        return Plan(await source.store.head(), await target.store.head(), tables, to_build, was_done)


async def promote(order: Order, *, on_progress: Progress = lambda _phase, _at, _end: None) -> Promotion:
    """Move a log: copy, verify, stop the source's writers for the rest of it, and close the source.

    Args:
        order: what is to be moved.
        on_progress: called now and then.

    Raises:
        ConfigurationError: a database does not last, there is no source, or a table cannot be moved.
        LogNotEmptyError: the target has another log.
        LogMovedError: the source was moved elsewhere.
        LogIncompleteError: the source itself is on its way in.
        AnotherSecretError: the target was used with another secret.
        TransferError: the target does not have what the source has; it stays closed.
        DatabaseBusyError: the source's writers could not be stopped, or not for long enough; it is still in use.
        DatabaseError: a database failed.
    """
    async with _opened(order):
        return await _Run(order, on_progress).run()


async def take_back(source: Database) -> TransferState:
    """Open a log again that was moved, because the database that it went to is lost.

    Args:
        source: where it was; not open, and closed again at the end.

    Returns:
        Its state before.

    Raises:
        ConfigurationError: there is no such database.
        DatabaseError: the database failed.
    """
    await _check_is_there(source)
    await source.open(for_transfer=True)
    try:
        state = await source.transfer.state()
        await source.transfer.take_back()
    finally:
        await source.close()
    return state


class _Run:
    def __init__(self, order: Order, on_progress: Progress) -> None:
        self._order = order
        self._source = order.source
        self._target = order.target
        self._on_progress = on_progress
        self._digest = LogDigest()
        self._arrived = LogDigest()
        self._verified = 0  # the position up to which both sides are known to be equal
        self._copied = 0

    async def run(self) -> Promotion:
        began = time.monotonic()
        source, target, tables = self._source, self._target, self._order.tables
        if await _check(self._order):
            await self._verify(await source.store.head())
            return Promotion(self._digest.count, self._digest.hex, was_done=True)
        there = await check_tables(source, target, tables)
        at = await target.transfer.begin(await source.transfer.identity(), source.url)
        rows: dict[str, int] = {}
        paused = 0.0
        if isinstance(await source.transfer.state(), InUse):
            for _ in range(_MOST_ROUNDS):
                at = await self._copy(at)
                await self._verify(at)
                if await source.store.head() - at < PAGE:
                    break
            stopped = time.monotonic()
            async with source.transfer.stop_writers(seconds=self._order.pause) as writers:
                rows = await self._move_rest(at, writers)
            paused = time.monotonic() - stopped
        else:  # it was interrupted after the source was closed: everything is there
            await self._verify(await source.store.head())
        to_build = await views_to_build(source, tables)
        remembered = await verify_memory(source, target, to_build)
        await target.transfer.finish()
        return Promotion(
            events=self._digest.count,
            digest=self._digest.hex,
            copied=self._copied,
            remembered=remembered,
            rows=rows,
            left=[table for table in there if table not in tables],
            to_build=to_build,
            seconds=time.monotonic() - began,
            paused=paused,
        )

    async def _move_rest(self, at: int, writers: StoppedWriters) -> dict[str, int]:
        source, target = self._source, self._target
        await self._verify(await self._copy(at))
        head = await source.store.head()
        if self._verified < head:
            message = f"the source's log is read up to {self._verified} only, and goes to {head}"
            raise TransferError(message, hint="Run the same again: it goes on where it was interrupted.")
        to_build = await views_to_build(source, self._order.tables)
        await target.transfer.replace_remembered(moved_memory(source, to_build))
        await verify_memory(source, target, to_build)
        rows = await move_tables(source, target, self._order.tables)
        await writers.mark_moved(target.url)
        return rows

    async def _copy(self, after: int) -> int:
        end = await self._source.store.head()
        reading = asyncio.create_task(self._source.store.read_all(after=after, limit=PAGE))
        try:
            while True:
                page = await reading
                if not page.events:
                    return after
                after = page.events[-1].position
                reading = asyncio.create_task(self._source.store.read_all(after=after, limit=PAGE))
                await self._target.transfer.receive(page.events)
                self._copied += len(page.events)
                self._on_progress(Phase.COPYING, after, max(end, after))
        finally:
            reading.cancel()
            await asyncio.wait((reading,))

    async def _verify(self, end: int) -> None:
        """Compare both sides from where they were compared last, up to ``end``."""
        stores = (self._source.store, self._target.store)
        while self._verified < end:
            pages = await asyncio.gather(*(store.read_all(after=self._verified, limit=PAGE) for store in stores))
            sent, received = ([event for event in page.events if event.position <= end] for page in pages)
            self._digest.add(sent)
            self._arrived.add(received)
            if (self._digest.count, self._digest.hex) != (self._arrived.count, self._arrived.hex):
                raise _difference(self._target.url, sent, received)
            if not sent:
                return
            self._verified = sent[-1].position
            self._on_progress(Phase.VERIFYING, self._verified, end)


@asynccontextmanager
async def _opened(order: Order) -> AsyncGenerator[None, None]:
    for database in (order.source, order.target):
        if not database.features.durable:
            message = f"{database.url} does not outlast this command"
            raise ConfigurationError(
                message, hint="A log is moved between databases like sqlite:/// and postgresql://."
            )
    await _check_is_there(order.source)
    async with AsyncExitStack() as stack:
        for database in (order.source, order.target):
            await database.open(for_transfer=True)
            stack.push_async_callback(database.close)
        yield


async def _check_is_there(source: Database) -> None:
    """Refuse a database that nobody has made yet: opening it would make one, whose empty log would be moved."""
    missing = await source.pending_migrations()
    if missing and missing[0].startswith(_FIRST_MIGRATION):
        message = f"there is no database {source.url}, or duolog was never used in it"
        raise ConfigurationError(message, hint="Check the URL of the source.")


async def _check(order: Order) -> bool:
    """Refuse what cannot be moved, and tell whether it was moved already."""
    source, target = order.source, order.target
    here, there = await source.transfer.state(), await target.transfer.state()
    comes, stays = await source.transfer.identity(), await target.transfer.identity()
    is_same = comes.log_id == stays.log_id
    if isinstance(here, Moved) and is_same and not isinstance(there, Moved):
        return isinstance(there, InUse)
    check_in_use(here, source.url)
    if is_same and isinstance(there, InUse):
        message = f"{source.url} and {target.url} are one database, or one is a copy of the other"
        raise LogNotEmptyError(message, hint="Name an empty database as the target.")
    check_beginning(stays, there, comes, head=await target.store.head(), url=target.url)
    return False


def _difference(url: str, sent: Sequence[RecordedEvent], received: Sequence[RecordedEvent]) -> TransferError:
    first = next(pair for pair in zip_longest(sent, received) if pair[0] != pair[1])
    position = min(event.position for event in first if event is not None)
    message = f"the event at position {position} is not the same in {url}"
    hint = "Nothing was changed in the source. Drop what is in the target, and promote into an empty database again."
    return TransferError(message, hint=hint)
