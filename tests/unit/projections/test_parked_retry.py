from dataclasses import replace
from typing import ClassVar

import pytest

from duolog.database.port import Database
from duolog.errors import ConfigurationError, TransientError
from duolog.messages.envelope import RecordedEvent
from duolog.projections.parked_retry import ParkedRetry
from duolog.projections.projection import Projection
from duolog.subscriptions.fingerprint import fingerprint
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey
from duolog.subscriptions.parking import ParkReason
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AmountMoved,
    Balance,
    BalanceProjection,
    SecondBalanceProjection,
    Worker,
    undecodable,
)

ALL = ParkedChoice()
WORST_AMOUNT = 113


class RepairedBalances(BalanceProjection):
    """The next release: thirteen is an amount like any other; 113 is refused after it was written in part."""

    name, version = "balances_view", 1

    async def on_moved(self, event: AmountMoved, recorded: RecordedEvent) -> None:
        parts = (BAD_AMOUNT - 1, 1) if event.amount == BAD_AMOUNT else (event.amount,)
        for part in parts:
            await super().on_moved(replace(event, amount=part), recorded)
        if event.amount == WORST_AMOUNT:
            await self._db.fetch("SELECT 1")
            message = "still wrong"
            raise LookupError(message)


def retry_of(worker: Worker, projection: type[Projection] = RepairedBalances) -> ParkedRetry:
    return ParkedRetry(
        [projection],
        source=worker.database,
        open_view=worker.open_view,
        open_projection=worker.open_projection,
        codec=worker.codec,
    )


async def test_a_key_is_applied_again_in_order_by_the_repaired_code(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT), AmountMoved(-3))
        await worker.append("account-b", AccountOpened("bob"), AmountMoved(1))
        await worker.caught_up()
    assert len(await worker.parked()) == 2

    assert await retry_of(worker).retry(ALL) == [RetriedKey("balances_view", "", "account-a", applied=2, parked=0)]
    assert await worker.balances() == [Balance("account-a", 10, 3), Balance("account-b", 1, 1)]
    assert await worker.parked() == []


async def test_what_fails_again_stays_parked_with_its_new_error_and_writes_nothing(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        worst = await worker.append("account-a", AmountMoved(WORST_AMOUNT))
        await worker.append("account-a", AmountMoved(5))
        await worker.caught_up()

    (retried,) = await retry_of(worker).retry(ALL)
    assert (retried.applied, retried.parked, retried.position) == (1, 2, worst)
    assert retried.error == "LookupError: still wrong"
    assert await worker.balances() == [Balance("account-a", 13, 2)]
    failed, behind = await database.parking.read("balances_view")
    assert (failed.position, failed.reason, failed.error) == (
        worst,
        ParkReason.HANDLER_RAISED,
        "LookupError: still wrong",
    )
    assert "on_moved" in failed.traceback
    assert behind.reason is ParkReason.BEHIND_PARKED


async def test_what_the_database_refuses_again_is_found_among_the_others(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        refused = await worker.append("account-a", AmountMoved(-100))
        await worker.append("account-a", AmountMoved(5))
        await worker.caught_up()

    (retried,) = await retry_of(worker).retry(ALL)
    assert (retried.applied, retried.parked, retried.position) == (1, 2, refused)
    assert [reason for _, _, reason in await worker.parked()] == [
        ParkReason.DATABASE_REFUSED,
        ParkReason.BEHIND_PARKED,
    ]


async def test_what_cannot_be_decoded_still_stays_parked(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), undecodable(), AmountMoved(5))
        await worker.caught_up()
    (retried,) = await retry_of(worker).retry(ALL)
    assert (retried.applied, retried.parked) == (0, 2)
    assert retried.error.startswith("UndecodableEventError: ")


async def test_only_the_chosen_key_is_retried(database: Database) -> None:
    async with Worker(database) as worker:
        for tenant, account in (("acme", "account-a"), ("blue", "account-a"), ("acme", "account-b")):
            await worker.append(account, AccountOpened("ann"), AmountMoved(BAD_AMOUNT), tenant=tenant)
        await worker.caught_up()

    retried = await retry_of(worker).retry(ParkedChoice("balances_view", "acme", "account-a"))
    assert [(each.tenant, each.key, each.applied) for each in retried] == [("acme", "account-a", 1)]
    assert await worker.parked() == [
        ("account-a", 4, ParkReason.HANDLER_RAISED),
        ("account-b", 6, ParkReason.HANDLER_RAISED),
    ]


async def test_the_running_owner_goes_on_with_the_key(database: Database) -> None:
    """It kept the key as parked in its memory; later events must not be parked behind nothing."""
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        await worker.caught_up()
        await retry_of(worker).retry(ALL)
        await worker.append("account-a", AmountMoved(4))
        await worker.caught_up()
        assert await worker.balances() == [Balance("account-a", 17, 3)]
        assert await worker.parked() == []


async def test_a_view_of_another_version_is_not_touched(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        await worker.caught_up()
    with pytest.raises(ConfigurationError, match="is of version 1, and the code is of version 2"):
        await retry_of(worker, SecondBalanceProjection).retry(ALL)
    assert len(await worker.parked()) == 1


async def test_nobody_is_disturbed_where_nothing_is_parked(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"))
        await worker.caught_up()
        (before,) = await database.leases.read_all()
        assert await retry_of(worker).retry(ALL) == []
        (after,) = await database.leases.read_all()
        assert (after.owner, after.token) == (before.owner, before.token)


async def test_an_unknown_projection_is_refused(database: Database) -> None:
    with pytest.raises(ConfigurationError, match="no projection 'carts_view'"):
        await retry_of(Worker(database)).retry(ParkedChoice("carts_view"))


async def test_of_keys_that_failed_alike_one_is_tried_first(database: Database) -> None:
    """As long as it fails again, the others are left alone; a key that failed in another way is tried."""
    async with Worker(database) as worker:
        for account in ("account-a", "account-b", "account-c"):
            await worker.append(account, AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        await worker.append("account-d", AccountOpened("ann"), AmountMoved(-1))
        await worker.caught_up()
    parked = await database.parking.read("balances_view")
    assert len({fingerprint(each) for each in parked}) == 2

    retried = await retry_of(worker, BalanceProjection).retry(ALL)
    assert [(each.key, each.parked, each.held_back) for each in retried] == [
        ("account-a", 1, False),
        ("account-b", 1, True),
        ("account-c", 1, True),
        ("account-d", 1, False),
    ]
    retried = await retry_of(worker).retry(ALL)
    assert [(each.key, each.applied, each.held_back) for each in retried] == [
        ("account-a", 1, False),
        ("account-b", 1, False),
        ("account-c", 1, False),
        ("account-d", 0, False),
    ]


async def test_a_skipped_event_is_left_out_and_those_behind_it_are_applied(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Order is kept; the next one that fails is the one that stops the key; the running owner goes on."""
    async with Worker(database) as worker:
        skipped = await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        refused = await worker.append("account-a", AmountMoved(4), AmountMoved(-100))
        await worker.append("account-a", AmountMoved(5))
        await worker.caught_up()
        retry = retry_of(worker, BalanceProjection)
        choice = ParkedChoice("balances_view", "", "account-a")
        (first,) = await retry.skip(choice, by="op")
        assert (first.skipped, first.applied, first.parked, first.position) == (skipped, 1, 2, refused)
        assert "was skipped by op" in caplog.text
        assert await worker.parked() == [
            ("account-a", refused, ParkReason.DATABASE_REFUSED),
            ("account-a", refused + 1, ParkReason.BEHIND_PARKED),
        ]
        (second,) = await retry.skip(choice, by="op")
        assert (second.skipped, second.applied, second.parked) == (refused, 1, 0)
        assert await retry.skip(choice, by="op") == []
        await worker.append("account-a", AmountMoved(1))
        await worker.caught_up()
        assert await worker.balances() == [Balance("account-a", 10, 3)]


class FlakyRepairedBalances(RepairedBalances):
    """For some amounts, what it needs is away at first."""

    name, version = "balances_view", 1
    away: ClassVar[dict[int, int]] = {}

    async def on_moved(self, event: AmountMoved, recorded: RecordedEvent) -> None:
        if self.away.get(event.amount):
            self.away[event.amount] -= 1
            raise TransientError(recorded.stream)
        await super().on_moved(event, recorded)


async def test_each_event_has_its_own_number_of_tries(database: Database) -> None:
    """A key of many events would else be parked again for faults that all pass."""
    FlakyRepairedBalances.away.update({1: 3, 2: 2})
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), *map(AmountMoved, (BAD_AMOUNT, 1, 2)))
        await worker.caught_up()
    retried = await retry_of(worker, FlakyRepairedBalances).retry(ALL)
    assert retried == [RetriedKey("balances_view", "", "account-a", applied=3, parked=0)]


async def test_it_must_be_clear_what_is_skipped(database: Database) -> None:
    """One key of one tenant and projection."""
    async with Worker(database) as worker:
        for tenant in ("acme", "blue"):
            await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT), tenant=tenant)
        await worker.caught_up()
    for choice in (ALL, ParkedChoice(key="account-a")):
        with pytest.raises(ConfigurationError, match="not clear"):
            await retry_of(worker).skip(choice, by="op")
    assert len(await worker.parked()) == 2
