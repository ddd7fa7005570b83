"""Projections that take many events at once."""

import re
from collections.abc import Sequence

import pytest

from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.messages.recorded import Recorded
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.subscriptions.parking import ParkReason
from duolog.testing.projection_scenarios import ProjectionScenario
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AmountMoved,
    BadAmountError,
    Balance,
    BalanceProjection,
    Worker,
)


class BalancesInSets(Projection):
    """The same view as `BalanceProjection`, by sets; it remembers how many events it was given at once."""

    name, version = "balances_view", 1
    tables = BalanceProjection.tables
    sizes: list[int] = []  # noqa: RUF012 - the tests read it

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_batch(self, events: Sequence[Recorded[AccountOpened | AmountMoved]]) -> None:
        self.sizes.append(len(events))
        for each in events:
            where = {"tenant": each.recorded.tenant, "account": each.recorded.stream}
            if isinstance(each.event, AccountOpened):
                await self._db.execute_many("INSERT INTO balances_view VALUES (:tenant, :account, 0, 0)", [where])
            else:
                await self._db.execute(
                    "UPDATE balances_view SET balance = balance + :amount, moves = moves + 1"
                    " WHERE tenant = :tenant AND account = :account",
                    {**where, "amount": each.event.amount},
                )
                if each.event.amount == BAD_AMOUNT:
                    raise BadAmountError


async def test_a_page_is_handed_over_at_once_and_in_order(database: Database) -> None:
    """One call has all events of a page, of all types."""
    BalancesInSets.sizes.clear()
    worker = Worker(database, (BalancesInSets,))
    await worker.append("account-a", AccountOpened("ann"), AmountMoved(5), AmountMoved(-5))
    await worker.append("account-b", AccountOpened("bob"), AmountMoved(1))
    async with worker:
        await worker.caught_up()
        assert await worker.balances() == [Balance("account-a", 0, 2), Balance("account-b", 1, 1)]
        assert BalancesInSets.sizes == [5]


async def test_a_poison_event_in_a_set_is_found_and_parked_alone(database: Database) -> None:
    """The set is replayed event by event; the streams of others have all their events."""
    worker = Worker(database, (BalancesInSets,))
    await worker.append("account-a", AccountOpened("ann"), AmountMoved(5))
    poison = await worker.append("account-a", AmountMoved(BAD_AMOUNT))
    await worker.append("account-b", AccountOpened("bob"), AmountMoved(1))
    refused = await worker.append("account-b", AmountMoved(-7))
    behind = await worker.append("account-a", AmountMoved(1))
    await worker.append("account-c", AccountOpened("cid"))
    async with worker:
        await worker.caught_up()
        assert await worker.parked() == [
            ("account-a", poison, ParkReason.HANDLER_RAISED),
            ("account-b", refused, ParkReason.DATABASE_REFUSED),
            ("account-a", behind, ParkReason.BEHIND_PARKED),
        ]
        assert await worker.balances() == [
            Balance("account-a", 5, 1),
            Balance("account-b", 1, 1),
            Balance("account-c", 0, 0),
        ]


async def test_a_scenario_hands_sets_over() -> None:
    """Given events, a set-based projection shows the same rows."""
    async with ProjectionScenario(BalancesInSets, BalancesInSets) as scenario:
        await scenario.given("account-a", AccountOpened("ann"), AmountMoved(3))
        (row,) = await scenario.rows("balances_view")
        assert (row["account"], row["balance"]) == ("account-a", 3)


def test_a_method_beside_on_batch_is_refused() -> None:
    """Nobody could tell in which order they have to run."""
    with pytest.raises(ConfigurationError, match=re.escape("has on_batch and on_moved")):

        class Both(BalancesInSets):
            async def on_moved(self, event: AmountMoved) -> None: ...


def test_on_batch_must_take_recorded_events() -> None:
    """A sequence of bare events is refused when the class is made."""
    with pytest.raises(ConfigurationError, match="must take a sequence of recorded events"):

        class Bare(Projection):
            name = "bare_view"

            async def on_batch(self, events: Sequence[AccountOpened]) -> None: ...
