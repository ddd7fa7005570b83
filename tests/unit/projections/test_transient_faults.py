"""Faults that pass, and events of newer releases."""

import asyncio

import pytest

from duolog.database.port import Database
from duolog.errors import TransientError, UnknownEventError
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.projections.poison import Poison
from duolog.subscriptions.parking import ParkReason
from tests.unit.projections.accounts import (
    AccountOpened,
    AmountMoved,
    Balance,
    BalanceProjection,
    Worker,
)
from tests.unit.subscriptions.eventually import eventually


class FlakyProjection(BalanceProjection):
    """What it needs is away at first."""

    away: list[Exception] = []  # noqa: RUF012 - the tests fill it

    async def on_moved(self, event: AmountMoved, recorded: RecordedEvent) -> None:
        await super().on_moved(event, recorded)
        if self.away and event.amount == 1:
            raise self.away.pop()


@pytest.mark.parametrize("error", [TransientError("away"), TimeoutError(), ConnectionResetError()])
async def test_a_fault_that_passes_is_tried_again_before_anything_is_parked(
    database: Database, error: Exception
) -> None:
    """The page, the event by itself, and three more attempts."""
    FlakyProjection.away[:] = [error] * 5
    worker = Worker(database, (FlakyProjection,))
    await worker.append("account-a", AccountOpened("ann"), AmountMoved(1), AmountMoved(2))
    async with worker:
        await worker.caught_up()
        assert await worker.balances() == [Balance("account-a", 3, 2)]
        assert await worker.parked() == []


async def test_a_fault_that_does_not_pass_is_parked_in_the_end(database: Database) -> None:
    """Nobody waits for ever; other streams go on."""
    FlakyProjection.away[:] = [TransientError("away")] * 6
    worker = Worker(database, (FlakyProjection,))
    poison = await worker.append("account-a", AccountOpened("ann"), AmountMoved(1))
    await worker.append("account-b", AccountOpened("bob"))
    async with worker:
        await worker.caught_up()
        assert await worker.parked() == [("account-a", poison, ParkReason.HANDLER_RAISED)]
        assert len(await worker.balances()) == 2


async def test_other_faults_are_parked_at_once(database: Database) -> None:
    """A wrong handler is tried twice: with its page, and by itself."""
    FlakyProjection.away[:] = [ValueError("wrong")] * 3
    worker = Worker(database, (FlakyProjection,))
    await worker.append("account-a", AccountOpened("ann"), AmountMoved(1))
    async with worker:
        await worker.caught_up()
    assert len(FlakyProjection.away) == 1


async def test_an_event_of_a_newer_release_is_left_to_a_newer_process(database: Database) -> None:
    """The share is given up, what came before is applied, and nothing is parked; the status says why."""
    old = Worker(database, poison=Poison(patience=60))
    before = await old.append("account-a", AccountOpened("ann"))
    await old.append("account-a", NewEvent(uuid7(), "account.moved", 2, b'{"amount":1}'))
    async with old:
        await eventually(lambda: "newer release" in old.runtime.statuses()[0].error)
        assert await old.checkpoint() == before
        assert await old.parked() == []


async def test_an_event_that_no_release_knows_is_parked_after_a_while(database: Database) -> None:
    """A release that was taken back stops only the streams that need it."""
    worker = Worker(database, poison=Poison(patience=0.1))
    await worker.append("account-a", AccountOpened("ann"))
    unknown = await worker.append("account-a", NewEvent(uuid7(), "account.moved", 2, b'{"amount":1}'))
    async with worker:
        await worker.caught_up()
        assert await worker.parked() == [("account-a", unknown, ParkReason.UNKNOWN)]


async def test_an_event_is_not_waited_for_anew_after_another_one_of_its_page_fails(database: Database) -> None:
    """The second failure rolls the page back, the first one's parking with it; the share must get on all the same."""
    FlakyProjection.away[:] = [ValueError("wrong")] * 2
    worker = Worker(database, (FlakyProjection,), poison=Poison(patience=0.04))
    unknown = await worker.append("account-a", NewEvent(uuid7(), "account.moved", 2, b'{"amount":1}'))
    raising = await worker.append("account-b", AmountMoved(1))
    async with worker:
        async with asyncio.timeout(20):
            await worker.caught_up()
        assert await worker.parked() == [
            ("account-a", unknown, ParkReason.UNKNOWN),
            ("account-b", raising, ParkReason.HANDLER_RAISED),
        ]


def test_an_error_says_where_it_is() -> None:
    """Position and reason can be asked for."""
    error = UnknownEventError(position=3, reason="new")
    assert (error.position, error.reason) == (3, "new")
