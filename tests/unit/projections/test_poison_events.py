import asyncio
import contextlib

from duolog.database.port import Database
from duolog.errors import ConstraintViolationError
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.subscriptions.parking import ParkReason
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AccountViewed,
    AmountMoved,
    Balance,
    BalanceProjection,
    SecondBalanceProjection,
    VisitProjection,
    Worker,
    undecodable,
)


async def test_an_event_whose_handler_raises_stops_its_own_stream_in_order_and_nothing_else(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(5))
        await worker.append("account-b", AccountOpened("bob"))
        poison = await worker.append("account-a", AmountMoved(BAD_AMOUNT))
        await worker.append("account-b", AmountMoved(7))
        behind = await worker.append("account-a", AmountMoved(1), AmountMoved(2))
        await worker.append("account-b", AmountMoved(8))
        await worker.caught_up()

        assert await worker.balances() == [Balance("account-a", 5, 1), Balance("account-b", 15, 2)]
        assert await worker.parked() == [
            ("account-a", poison, ParkReason.HANDLER_RAISED),
            ("account-a", behind - 1, ParkReason.BEHIND_PARKED),
            ("account-a", behind, ParkReason.BEHIND_PARKED),
        ]


class SwallowingProjection(BalanceProjection):
    """Reads after each move, and goes on whatever the database says: it runs into what other events wrote."""

    async def on_viewed(self, event: AccountViewed) -> None:
        del event
        with contextlib.suppress(ConstraintViolationError):
            await self._db.fetch_value("SELECT count(*) FROM balances_view")


async def test_a_refused_write_that_another_events_handler_swallows_loses_nothing(database: Database) -> None:
    worker = Worker(database, (SwallowingProjection,))
    await worker.append("account-a", AccountOpened("ann"), AmountMoved(5))
    await worker.append("account-b", AccountOpened("bob"))
    refused = await worker.append("account-b", AmountMoved(-1))
    await worker.append("account-c", AccountViewed("cid"))
    async with worker:
        await worker.caught_up()
        assert await worker.balances() == [Balance("account-a", 5, 1), Balance("account-b", 0, 0)]
        assert await worker.parked() == [("account-b", refused, ParkReason.DATABASE_REFUSED)]


async def test_a_parked_event_tells_its_error_and_its_traceback(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT), AmountMoved(1))
        await worker.caught_up()

        poison, behind = await database.parking.read("balances_view")
        assert (poison.error, poison.type) == ("BadAmountError: thirteen", "account.moved")
        assert "in on_moved" in poison.traceback
        assert poison.traceback.endswith("BadAmountError: thirteen\n")
        assert poison.parked_at > 0
        assert (behind.error, behind.traceback) == ("", "")


async def test_an_event_whose_rows_the_database_refuses_is_found_and_parked(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"))
        await worker.append("account-b", AccountOpened("bob"), AmountMoved(3))
        refused = await worker.append("account-a", AmountMoved(-1))
        await worker.append("account-b", AmountMoved(4))
        await worker.caught_up()

        assert await worker.balances() == [Balance("account-a", 0, 0), Balance("account-b", 7, 2)]
        assert await worker.parked() == [("account-a", refused, ParkReason.DATABASE_REFUSED)]


async def test_an_event_with_a_value_that_no_column_takes_is_parked(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"))
        refused = await worker.append("account-a", AmountMoved(2**63))
        await worker.append("account-b", AccountOpened("bob"))
        await worker.caught_up()

        assert await worker.balances() == [Balance("account-a", 0, 0), Balance("account-b", 0, 0)]
        assert await worker.parked() == [("account-a", refused, ParkReason.DATABASE_REFUSED)]


async def test_an_event_that_cannot_be_decoded_is_parked_with_the_reason(database: Database) -> None:
    worker = Worker(database)
    await worker.append("account-a", AccountOpened("ann"))
    newer = await worker.append("account-a", NewEvent(uuid7(), "account.moved", 2, b'{"amount":1}'))
    broken = await worker.append("account-b", undecodable())
    behind = await worker.append("account-a", AmountMoved(1))
    async with worker:
        await worker.caught_up()

        assert await worker.balances() == [Balance("account-a", 0, 0)]
        assert await worker.parked() == [
            ("account-a", newer, ParkReason.UNKNOWN),
            ("account-b", broken, ParkReason.UNDECODABLE),
            ("account-a", behind, ParkReason.BEHIND_PARKED),
        ]


async def test_one_stream_of_two_tenants_is_two_keys(database: Database) -> None:
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT), tenant="east")
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(1), tenant="west")
        await worker.append("account-a", AmountMoved(1), tenant="east")
        await worker.caught_up()

        assert await worker.balances() == [Balance("account-a", 0, 0), Balance("account-a", 1, 1)]
        parked = await database.parking.read()
        assert [(event.tenant, event.reason) for event in parked] == [
            ("east", ParkReason.HANDLER_RAISED),
            ("east", ParkReason.BEHIND_PARKED),
        ]


async def test_a_key_stays_parked_for_the_next_owner(database: Database) -> None:
    async with Worker(database) as first:
        await first.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        await first.caught_up()
    async with Worker(database) as second:
        behind = await second.append("account-a", AmountMoved(1))
        await second.caught_up()

        assert await second.balances() == [Balance("account-a", 0, 0)]
        assert (await second.parked())[-1] == ("account-a", behind, ParkReason.BEHIND_PARKED)


async def test_a_new_version_of_the_view_is_built_from_the_beginning_without_what_the_old_one_parked(
    database: Database,
) -> None:
    async with Worker(database) as first:
        await first.append("account-a", AccountOpened("ann"), AmountMoved(-1), AmountMoved(2))
        await first.caught_up()
        assert len(await first.parked()) == 2
    async with Worker(database, [SecondBalanceProjection]) as second:
        await second.caught_up()

        assert await second.balances() == [Balance("account-a", 101, 2)]
        assert await database.parking.counts() == {}


async def test_a_poison_event_of_one_projection_is_none_of_another_one(database: Database) -> None:
    async with Worker(database, [BalanceProjection, VisitProjection]) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT), AccountViewed("ann"))
        await worker.caught_up()

        reader = database.open_reader()
        assert await reader.fetch_value("SELECT count(*) FROM visits_view") == 1
        await reader.close()
        assert await database.parking.counts() == {"balances_view": 1}


async def test_a_handler_that_raises_after_it_has_read_leaves_the_writer_to_others(database: Database) -> None:
    async with Worker(database, [BalanceProjection, VisitProjection]) as worker:
        async with asyncio.timeout(30):
            await worker.append("account-a", AccountViewed("ann"), AccountViewed("ann"))
            poison = await worker.append("account-b", AccountViewed("nobody"))
            await worker.append("account-a", AccountViewed("bob"), AccountOpened("ann"))
            await worker.caught_up()

        reader = database.open_reader()
        assert await reader.fetch_value("SELECT group_concat(visitor) FROM visits_view") == "ann,bob"
        await reader.close()
        assert await worker.parked() == [("account-b", poison, ParkReason.HANDLER_RAISED)]
        assert await worker.balances() == [Balance("account-a", 0, 0)]
