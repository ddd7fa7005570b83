import asyncio
import logging

import pytest

from duolog.database.port import Database
from duolog.errors import (
    CheckpointConflictError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseFullError,
    OutcomeUnknownError,
)
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.runner import Pace
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import RunnerState
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AccountViewed,
    AmountMoved,
    Balance,
    BalanceProjection,
    Worker,
    folded,
    view,
)
from tests.unit.projections.faults import Faults
from tests.unit.subscriptions.eventually import eventually

STEPS = 20
HISTORY = [("account-a", AccountOpened("ann")), *(("account-a", AmountMoved(1)) for _ in range(STEPS))]


async def has_checkpoint(worker: Worker, position: int) -> bool:
    return await worker.checkpoint() >= position


async def record(worker: Worker) -> None:
    for account, happened in HISTORY:
        await worker.append(account, happened)


@pytest.mark.parametrize("error", [DatabaseBusyError("busy"), DatabaseFullError("full"), DatabaseError("broken")])
async def test_a_failing_database_delays_and_parks_nothing(database: Database, error: Exception) -> None:
    worker = Worker(database, faults=Faults(before=[error, error, error]))
    await record(worker)
    async with worker:
        await worker.caught_up()

        assert await worker.balances() == folded(HISTORY).balances
        assert await worker.parked() == []


async def test_a_commit_that_happened_although_it_failed_is_not_repeated(database: Database) -> None:
    unknown = OutcomeUnknownError("the connection broke")
    worker = Worker(database, faults=Faults(after=[unknown, unknown]))
    await record(worker)
    async with worker:
        await worker.caught_up()

        assert await worker.balances() == folded(HISTORY).balances


async def test_an_unexpected_error_is_logged_once_and_the_work_goes_on(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "duolog.subscriptions")
    worker = Worker(database, faults=Faults(before=[RuntimeError("crash")] * 3))
    await record(worker)
    async with worker:
        await worker.caught_up()

        assert await worker.balances() == folded(HISTORY).balances
        assert await worker.parked() == []
        warnings = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
        assert [entry.exc_info is not None for entry in warnings] == [True]
        assert "subscription balances_view works again" in caplog.messages


async def test_the_view_is_the_fold_of_the_log_at_every_checkpoint(database: Database) -> None:
    worker = Worker(database, faults=Faults(before=[DatabaseError("broken")] * 3))
    compared = 0
    async with worker:
        for account, happened in HISTORY:
            await worker.append(account, happened)
            position = await worker.checkpoint()
            balances = await worker.balances()
            if position == await worker.checkpoint():  # else it moved between the two looks
                assert balances == folded(HISTORY[:position]).balances
                compared += 1
    assert compared


async def test_a_status_tells_that_it_backs_off_and_why(database: Database) -> None:
    worker = Worker(database, faults=Faults(before=[DatabaseBusyError("busy")] * 1_000))
    await record(worker)
    async with worker:
        await eventually(lambda: worker.state is RunnerState.BACKING_OFF)
        assert worker.runtime.statuses()[0].error == "DatabaseBusyError: busy"
        worker.faults.before.clear()
        await worker.caught_up()

        status = worker.runtime.statuses()[0]
        assert (status.state, status.error, status.position) == (RunnerState.RUNNING, "", len(HISTORY))
    assert worker.state is RunnerState.STOPPED


async def test_a_restart_goes_on_where_the_checkpoint_is(database: Database) -> None:
    async with Worker(database) as first:
        await record(first)
        await first.caught_up()
    async with Worker(database) as second:
        last = await second.append("account-a", AmountMoved(1))
        await second.caught_up()

        assert await second.balances() == [Balance("account-a", STEPS + 1, STEPS + 1)]
        assert second.faults.moves[0].old == len(HISTORY)
        assert second.faults.moves[-1].new == last


async def test_the_checkpoint_follows_unwanted_events_in_fewer_steps_than_events(database: Database) -> None:
    worker = Worker(database)
    async with worker:
        last = 0
        for _ in range(50):
            last = await worker.append("account-a", AccountViewed("bob"))
            async with asyncio.timeout(30):
                await worker.progress.reached(BalanceProjection.name, last)
        await eventually(lambda: has_checkpoint(worker, last))
        assert 1 <= len(worker.faults.moves) < 50


async def test_a_second_worker_does_nothing_until_the_first_one_stops(database: Database) -> None:
    second = Worker(database)
    async with Worker(database) as first, second:
        assert (first.state, second.state) == (RunnerState.RUNNING, RunnerState.WAITING)
        await record(first)
        await first.caught_up()
        assert second.faults.moves == []

        await first.runtime.stop(seconds=5)
        await second.append("account-a", AmountMoved(1))
        async with asyncio.timeout(30):
            await second.caught_up()
        assert await second.balances() == [Balance("account-a", STEPS + 1, STEPS + 1)]
        assert second.faults.moves[0].token > first.faults.moves[0].token


async def test_a_dead_owners_work_is_taken_over_when_its_lease_ends(database: Database) -> None:
    worker = Worker(database)
    await database.leases.acquire(Share(BalanceProjection.name), "dead/1/1", seconds=0.2)
    async with worker:
        assert worker.state is RunnerState.WAITING
        await record(worker)
        async with asyncio.timeout(30):
            await worker.caught_up()
        assert await worker.balances() == folded(HISTORY).balances


async def test_an_owner_keeps_its_lease_for_longer_than_the_lease_lasts(database: Database) -> None:
    async with Worker(database, pace=Pace(lease=1.2)) as worker:
        (lease,) = await database.leases.read_all()

        async def is_renewed() -> bool:
            return (await database.leases.read_all())[0].expires_at > lease.expires_at + 1_200_000

        await eventually(is_renewed)
        assert (await database.leases.read_all())[0].token == lease.token
        assert worker.state is RunnerState.RUNNING


async def test_a_former_owner_cannot_write(database: Database) -> None:
    worker = Worker(database)
    await worker.prepare_view(BalanceProjection)
    former = await database.leases.acquire(Share(BalanceProjection.name), "former", seconds=60)
    assert former is not None
    await database.leases.release(former)
    assert await database.leases.acquire(Share(BalanceProjection.name), "present", seconds=60) is not None

    session = database.open_view(view(BalanceProjection))
    await session.execute("INSERT INTO balances_view (tenant, account, balance, moves) VALUES ('', 'x', 0, 0)")
    with pytest.raises(CheckpointConflictError):
        await session.commit(CheckpointMove(Share(BalanceProjection.name), 1, former.token, 0, 1))
    await session.close()
    assert await worker.balances() == []
    assert await worker.checkpoint() == 0


async def test_a_worker_whose_lease_was_taken_goes_on_from_the_stored_checkpoint(database: Database) -> None:
    async with Worker(database) as worker:
        await record(worker)
        await worker.caught_up()
        (lease,) = await database.leases.read_all()
        await database.leases.release(lease)
        other = await database.leases.acquire(Share(BalanceProjection.name), "other", seconds=0.1)
        assert other is not None
        session = database.open_view(view(BalanceProjection))
        await session.execute("UPDATE balances_view SET balance = 500")
        at = await worker.checkpoint()
        await worker.append("account-b", AccountViewed("bob"))
        head = await database.store.head()
        await session.commit(CheckpointMove(Share(BalanceProjection.name), 1, other.token, at, head))
        await session.close()

        await worker.append("account-a", AmountMoved(BAD_AMOUNT + 1))
        async with asyncio.timeout(30):
            await worker.caught_up()
        assert await worker.balances() == [Balance("account-a", 514, STEPS + 1)]
        assert await worker.parked() == []
