import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from duolog.adapters.memory import open_database
from duolog.errors import DatabaseBusyError, OutcomeUnknownError
from duolog.subscriptions.parking import ParkReason
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AccountViewed,
    AmountMoved,
    Worker,
    folded,
    undecodable,
)
from tests.unit.projections.faults import Faults

ACCOUNTS = st.sampled_from(["account-a", "account-b", "account-c"])
HAPPENINGS = st.one_of(
    st.just(AccountOpened("ann")),
    st.sampled_from([-4, 1, 2, 3, BAD_AMOUNT]).map(AmountMoved),
    st.integers(1, 5).map(AmountMoved),
    st.just(AccountViewed("bob")),
    st.builds(undecodable),
)
HISTORIES = st.lists(st.tuples(ACCOUNTS, HAPPENINGS), max_size=40)
BUSY = st.integers(0, 3).map(lambda times: [DatabaseBusyError("busy") for _ in range(times)])
UNKNOWN = st.integers(0, 3).map(lambda times: [OutcomeUnknownError("unknown") for _ in range(times)])


@given(before=HISTORIES, after=HISTORIES, busy=BUSY, unknown=UNKNOWN)
@settings(max_examples=60, deadline=None)
def test_whatever_is_poison_and_whatever_fails_the_view_is_the_fold_of_what_is_not_parked(
    before: list[tuple[str, object]],
    after: list[tuple[str, object]],
    busy: list[Exception],
    unknown: list[Exception],
) -> None:
    async def project() -> None:
        database = open_database("memory://")
        await database.open()
        worker = Worker(database, faults=Faults(before=list(busy), after=list(unknown)))
        positions = [await worker.append(account, happened) for account, happened in before]
        async with worker:
            positions += [await worker.append(account, happened) for account, happened in after]
            async with asyncio.timeout(30):
                await worker.caught_up()
            expected = folded([*before, *after])
            assert await worker.balances() == expected.balances
            parked = await worker.parked()
            assert [position for _, position, _ in parked] == [positions[place] for place in expected.parked]
            first_of_key = {key: reason for key, _, reason in reversed(parked)}
            behind = [reason for _, _, reason in parked if reason is ParkReason.BEHIND_PARKED]
            assert ParkReason.BEHIND_PARKED not in first_of_key.values()
            assert len(behind) == len(parked) - len(first_of_key)
        await database.close()

    asyncio.run(project())
