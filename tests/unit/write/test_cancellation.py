import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import TypeVar

import pytest

from duolog import Application, Criterion, TransactionManager, UnitOfWork
from duolog.adapters.memory.reading import MemoryReadSession
from duolog.adapters.memory.tables import Tables
from duolog.adapters.postgres.location import parse_location
from duolog.adapters.sqlite.opened import MOST_SESSIONS
from duolog.errors import ConstraintViolationError
from duolog.eventstore.appends import Appended
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.tables.ports import ReadSession
from duolog.tables.statements import Statement
from duolog.testing import application
from duolog.write.sealed_work import HeldWriter, SealedWork
from tests.unit.write.cancelling import CancelledAt
from tests.unit.write.shelves import Do, DoWithout, Filled, Noticed, Plan, Ports, State, put, shelves, state

T = TypeVar("T")
Run = Callable[[Ports, TransactionManager, str], Awaitable[None]]


async def reads_then_writes(ports: Ports, tx: TransactionManager, shelf: str) -> None:
    await ports.db.fetch("SELECT id FROM shelves")
    await ports.boundary.read(Criterion(types=(Noticed,)))
    await asyncio.sleep(0)  # the database in memory lets nobody wait
    await put(ports, shelf)
    await tx.commit()
    await asyncio.sleep(0)
    await ports.events.publish(Noticed(shelf))


async def holds_the_writer(ports: Ports, tx: TransactionManager, shelf: str) -> None:
    await ports.db.fetch("SELECT id FROM shelves")
    await ports.db.hold_writer(seconds=5)
    await put(ports, shelf)
    await ports.db.fetch("SELECT id FROM shelves")
    await asyncio.sleep(0)
    await tx.commit()
    await ports.events.publish(Noticed(shelf))


def most_sessions(url: str) -> int:
    return parse_location(url).pool_max if url.startswith("postgres") else MOST_SESSIONS


async def no_session_has_leaked(app: Application) -> None:
    """Take every session that there is at once, and the writer."""
    readers = [app.database.open_reader() for _ in range(most_sessions(app.database.url))]
    async with asyncio.timeout(30):
        for reader in readers:
            assert await reader.fetch_value("SELECT 1") == 1
        for reader in readers:
            await reader.close()
        await (await app.database.committer.hold_writer(seconds=5)).close()


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("run", [reads_then_writes, holds_the_writer])
async def test_wherever_a_command_is_cancelled_all_of_it_is_recorded_or_nothing_and_nothing_leaks(
    url: str, run: Run, times: int
) -> None:
    hooks: list[str] = []

    async def with_hook(ports: Ports, tx: TransactionManager, shelf: str) -> None:
        async def hook(_: Appended) -> None:
            hooks.append(shelf)

        ports.unit.after_commit(hook)
        await run(ports, tx, shelf)

    outcomes: list[str] = []
    async with shelves(url, Plan(with_hook)) as app:
        for shelf, point in _shelves_and_points(outcomes):
            work = CancelledAt(app.execute(Do(shelf)), point, times=times)
            before = await state(app)
            try:
                async with asyncio.timeout(30):
                    await asyncio.ensure_future(_awaited(work))
                outcome = "answered"
            except asyncio.CancelledError:
                outcome = "cancelled"
            after = await state(app)
            is_recorded = after != before
            if is_recorded:
                assert after == State(
                    tuple(sorted((*before.rows, shelf))),
                    (*before.events, f"shelf-{shelf} shelf.filled", f"shelf_notices-{shelf} shelf.noticed"),
                )
            assert (shelf in hooks) == is_recorded
            if outcome == "answered":
                assert is_recorded
            outcomes.append(f"{outcome}, {'recorded' if is_recorded else 'nothing'}")
        await no_session_has_leaked(app)
        assert await app.execute(Do("last")) == "last"

    assert outcomes[-1] == "answered, recorded"
    assert "cancelled, nothing" in outcomes
    assert "cancelled, recorded" in outcomes  # while the commit was on its way


def _shelves_and_points(outcomes: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Go through all points, and again if none was while the commit was on its way: a server may be slow to begin."""
    for again in range(5):
        for point in range(1, 200):
            yield f"s{again}-{point}", point
            if outcomes[-1].startswith("answered"):
                break
        if "cancelled, recorded" in outcomes:
            return


async def _awaited(work: CancelledAt[T]) -> T:
    return await work


# On PostgreSQL nobody queues for a writer: there are many.
@pytest.mark.parametrize("url", ["memory", "sqlite"], indirect=True)
async def test_a_command_that_is_cancelled_while_it_queues_for_a_busy_writer_learns_the_outcome_first(url: str) -> None:
    async with shelves(url, Plan(run_without=put)) as app:
        held = await app.database.committer.hold_writer(seconds=5)
        task = asyncio.create_task(app.execute(DoWithout()))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.sleep(0.02)
        assert not task.done()
        await held.close()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await state(app)).rows == ("a",)


async def test_an_error_and_a_cancellation_at_once_leave_nothing_behind(url: str) -> None:
    is_waiting = asyncio.Event()

    async def fails_when_cancelled(ports: Ports, shelf: str) -> None:
        await ports.db.fetch("SELECT id FROM shelves")
        await put(ports, shelf)
        is_waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise ZeroDivisionError from error

    async with shelves(url, Plan(run_without=fails_when_cancelled)) as app:
        task = asyncio.create_task(app.execute(DoWithout()))
        await is_waiting.wait()
        task.cancel()
        with pytest.raises(ZeroDivisionError):
            await task
        assert await state(app) == State()
        await no_session_has_leaked(app)


@pytest.mark.parametrize("url", ["memory", "sqlite"], indirect=True)
async def test_the_failure_of_a_commit_whose_caller_was_cancelled_is_the_cause_of_the_cancellation(url: str) -> None:
    async with shelves(url, Plan(run_without=put)) as app:
        await app.execute(DoWithout())
        held = await app.database.committer.hold_writer(seconds=5)
        task = asyncio.create_task(app.execute(DoWithout()))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.sleep(0)
        await held.close()
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        assert isinstance(raised.value.__cause__, ConstraintViolationError)
        assert await state(app) == State(("a",), ("shelf-a shelf.filled",))


async def test_events_are_staged_for_the_stream_that_was_named(url: str) -> None:
    async def run(ports: Ports, shelf: str) -> None:
        ports.unit.stage(f"shelf-{shelf}", [Filled("book"), Filled("lamp")])
        ports.unit.stage(f"shelf-{shelf}", [])

    async with shelves(url, Plan(run_without=run)) as app:
        receipt = await app.execute_with_receipt(DoWithout("b"))
        assert dict(receipt.versions) == {"shelf-b": 2}


class SlowlyClosing(MemoryReadSession):
    """A session whose closing takes a while, as giving a connection back to a pool does."""

    def __init__(self, tables: Tables, closed: list[str], name: str) -> None:
        super().__init__(tables)
        self._closed = closed
        self._name = name

    async def close(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        self._closed.append(self._name)


class SlowlyHeld(SlowlyClosing):
    async def run(self, statement: Statement) -> int:
        raise NotImplementedError

    async def await_turn(self, tenant: str, streams: Collection[str]) -> None:
        raise NotImplementedError

    async def live_checkpoints(self, subscription: str) -> Sequence[Checkpoint]:
        raise NotImplementedError

    async def commit(self, work: SealedWork) -> Appended:
        raise NotImplementedError


class SlowCommitter:
    """Lends sessions that close slowly."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self._tables = Tables()

    async def commit(self, work: SealedWork) -> Appended:
        raise NotImplementedError

    async def settle(self) -> None:
        raise NotImplementedError

    def open_reader(self) -> ReadSession:
        return SlowlyClosing(self._tables, self.closed, "reader")

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        del seconds
        return SlowlyHeld(self._tables, self.closed, "writer")


@pytest.mark.parametrize("point", range(1, 7))
async def test_a_rollback_that_is_cancelled_itself_still_closes_every_session(point: int) -> None:
    committer = SlowCommitter()
    async with application() as app:
        unit = UnitOfWork(store=app.database.store, committer=committer, codec=app.codec)
        assert unit.reader is not None
        await unit.hold_writer()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.ensure_future(_awaited(CancelledAt(unit.rollback(), point)))
        assert committer.closed == ["reader", "writer"]
