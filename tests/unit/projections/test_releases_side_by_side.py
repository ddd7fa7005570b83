import pytest

from duolog.adapters.memory import open_database
from duolog.database.port import Database
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.projections.projection import Projection
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import RunnerState
from tests.unit.projections.accounts import (
    AccountOpened,
    AmountMoved,
    Balance,
    BalanceProjection,
    SecondBalanceProjection,
    Worker,
)
from tests.unit.subscriptions.eventually import eventually


async def test_an_old_release_leaves_the_view_of_the_new_one_alone(database: Database) -> None:
    old = Worker(database)
    async with old:
        await old.append("account-a", AccountOpened("ann"))
        await old.caught_up()
        async with Worker(database, [SecondBalanceProjection]) as new:
            assert new.state is RunnerState.WAITING
            lease = await database.leases.acquire(Share(BalanceProjection.name), "new", seconds=0, take_over=True)
            assert lease is not None
            await new.prepare_view(SecondBalanceProjection, lease.token)
            await old.append("account-a", AmountMoved(1))
            await eventually(lambda: new.state is RunnerState.RUNNING)
            await new.caught_up()
            assert await new.balances() == [Balance("account-a", 101, 1)]

        await eventually(lambda: "went to version 2" in old.runtime.statuses()[0].error)
        assert await new.balances() == [Balance("account-a", 101, 1)]


async def test_an_old_release_that_starts_meanwhile_leaves_the_view_of_the_new_one_alone(database: Database) -> None:
    async with Worker(database, [SecondBalanceProjection]) as new:
        await new.append("account-a", AccountOpened("ann"))
        await new.caught_up()
        old = Worker(database)
        assert [each.version for each in await old.prepare_view(BalanceProjection)] == [2]
        with pytest.raises(LeaseLostError):
            await old.prepare_view(BalanceProjection, 0)
        assert await new.balances() == [Balance("account-a", 100, 0)]


async def test_a_release_that_is_rolled_back_builds_its_own_view_again(database: Database) -> None:
    async with Worker(database, [SecondBalanceProjection]) as new:
        await new.append("account-a", AccountOpened("ann"))
        await new.caught_up()
    async with Worker(database) as old:
        await old.caught_up()
        assert await old.balances() == [Balance("account-a", 0, 0)]


async def test_views_are_there_when_the_runtime_has_started(database: Database) -> None:
    await database.leases.acquire(Share(BalanceProjection.name), "other", seconds=60)
    async with Worker(database) as worker:
        assert worker.state is RunnerState.WAITING
        assert await worker.balances() == []


def test_two_projections_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="share the name 'balances_view'"):
        Worker(open_database("memory://"), [BalanceProjection, SecondBalanceProjection])


def test_a_projection_without_a_method_is_refused() -> None:
    class IdleProjection(Projection):
        name = "idle_view"

    with pytest.raises(ConfigurationError, match="has no on_"):
        Worker(open_database("memory://"), [IdleProjection])


def test_a_method_that_is_not_async_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="on_opened is not async"):

        class SyncProjection(Projection):
            name = "sync_view"

            def on_opened(self, event: AccountOpened) -> None:
                """Forget the async."""
