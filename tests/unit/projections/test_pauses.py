"""Projections that are paused, resumed and reset."""

from duolog.admin.pausing import pause_projection, resume_projection
from duolog.admin.resetting import reset_projection
from duolog.database.port import Database
from duolog.subscriptions.status import RunnerState
from tests.unit.projections.accounts import (
    BAD_AMOUNT,
    AccountOpened,
    AmountMoved,
    Balance,
    BalanceProjection,
    Worker,
)
from tests.unit.subscriptions.eventually import eventually

NAME = BalanceProjection.name


async def test_a_paused_projection_stands_still_in_every_process_until_it_is_resumed(database: Database) -> None:
    """Those that run give it up, and those that start later do not take it."""
    async with Worker(database) as worker:
        at = await worker.append("account-a", AccountOpened("ann"))
        await worker.caught_up()
        status, is_still = await pause_projection(database, NAME, by="ann")
        assert (is_still, status.position, status.paused_by) == (True, at, "ann")
        await worker.append("account-a", AmountMoved(1))
        async with Worker(database) as second:
            await eventually(lambda: second.state is worker.state is RunnerState.PAUSED)
            assert await worker.checkpoint() == at
            assert await resume_projection(database, NAME)
            await second.caught_up()
        assert await worker.balances() == [Balance("account-a", 1, 1)]
    assert not await resume_projection(database, NAME)


async def test_a_reset_view_is_built_anew_in_its_place(database: Database) -> None:
    """What was parked is forgotten; who ran it goes on, from the beginning."""
    async with Worker(database) as worker:
        await worker.append("account-a", AccountOpened("ann"), AmountMoved(BAD_AMOUNT))
        await worker.append("account-b", AccountOpened("bob"))
        await worker.caught_up()
        await reset_projection(database, BalanceProjection)
        await worker.append("account-b", AmountMoved(4))
        await eventually(worker.is_at_head)
        assert await worker.balances() == [Balance("account-a", 0, 0), Balance("account-b", 4, 1)]
        assert len(await worker.parked()) == 1
