import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import pytest

from duolog.adapters.sqlite import view_session
from duolog.database.port import Database
from duolog.messages.envelope import RecordedEvent
from duolog.projections import page_processor
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.subscriptions.parking import ParkReason
from tests.unit.projections.accounts import QUICK, AccountOpened, AccountViewed, AmountMoved, Worker

ONE_PAGE = replace(QUICK, lease=10, batch=500)


class SlowProjection(Projection):
    """Takes a hundredth of a second for an event after it read its own write, and far longer for an amount of 99."""

    name, version = "slow_view", 1
    tables: ClassVar[Mapping[str, str]] = {"slow_view": "CREATE TABLE slow_view (account TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_opened(self, event: AccountOpened, recorded: RecordedEvent) -> None:
        del event
        await self._write(recorded)
        await asyncio.sleep(0.01)

    async def on_moved(self, event: AmountMoved, recorded: RecordedEvent) -> None:
        await self._write(recorded)
        await asyncio.sleep(0.4 if event.amount == 99 else 0)

    async def on_viewed(self, event: AccountViewed) -> None:
        """Writes nothing, slowly."""
        del event
        await asyncio.sleep(0.01)

    async def _write(self, recorded: RecordedEvent) -> None:
        await self._db.execute("INSERT INTO slow_view (account) VALUES (:account)", {"account": recorded.stream})
        await self._db.fetch_value("SELECT count(*) FROM slow_view")


async def test_a_page_that_takes_longer_than_the_writer_is_lent_is_applied_in_slices(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_session, "HELD_SECONDS", 0.2)
    worker = Worker(database, (SlowProjection,), pace=ONE_PAGE)
    for at in range(40):
        await worker.append(f"account-{at}", AccountOpened("ann"))
    async with worker, asyncio.timeout(30):
        await worker.caught_up()
    assert await count(database) == 40
    ends = [move.new for move in worker.faults.moves]
    assert 3 < len(ends) < 30
    assert ends == sorted(ends)
    assert await database.parking.counts() == {}


async def test_commands_are_written_between_the_slices_of_a_slow_page(database: Database) -> None:
    worker = Worker(database, (SlowProjection,), pace=ONE_PAGE)
    for at in range(100):
        await worker.append(f"account-{at}", AccountOpened("ann"))
    async with worker, asyncio.timeout(30):
        position = await worker.append("other-1", AccountOpened("ann"))
        assert position == 101
        (checkpoint,) = await database.checkpoints.read("slow_view")
        assert checkpoint.position < 50  # a whole page would have been in front of it
        await worker.caught_up()
    assert await count(database) == 101


async def test_a_page_of_slow_handlers_that_hold_nothing_makes_progress(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_processor, "_LONGEST_SLICE", 0.05)
    worker = Worker(database, (SlowProjection,), pace=ONE_PAGE)
    for _ in range(20):
        await worker.append("account-1", AccountViewed("ann"))
    async with worker, asyncio.timeout(30):
        await worker.caught_up()
    assert len(worker.faults.moves) > 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # memory lends its tables without a limit
async def test_an_event_that_holds_the_writer_for_too_long_by_itself_is_parked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_session, "HELD_SECONDS", 0.2)
    worker = Worker(database, (SlowProjection,), pace=ONE_PAGE)
    for at in range(3):
        await worker.append(f"account-{at}", AmountMoved(99 if at == 1 else 1))
    async with worker, asyncio.timeout(30):
        await worker.caught_up()
    assert await count(database) == 2
    (parked,) = await database.parking.read("slow_view")
    assert (parked.position, parked.reason) == (2, ParkReason.HANDLER_RAISED)
    assert parked.error.startswith("HoldExpiredError: the writer was held for more than 0.2 s")


async def count(database: Database) -> object:
    reader = database.open_reader()
    try:
        return await reader.fetch_value("SELECT count(*) FROM slow_view")
    finally:
        await reader.close()
