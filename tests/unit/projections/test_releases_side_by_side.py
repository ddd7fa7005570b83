from collections.abc import Mapping
from typing import ClassVar

import pytest

from duolog.adapters.memory import open_database
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.projections.projection import Projection
from duolog.subscriptions.generations import Role
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


async def test_a_new_release_builds_its_view_beside_the_one_of_the_old_one(database: Database) -> None:
    """Queries always have one; both releases keep their own going."""
    async with Worker(database) as old:
        await old.append("account-a", AccountOpened("ann"))
        await old.caught_up()
        async with Worker(database, [SecondBalanceProjection]) as new:
            await new.caught_up()
            assert await new.balances() == [Balance("account-a", 100, 0)]
            roles = {each.version: each.role for each in await database.generations.read(BalanceProjection.name)}
            assert roles == {1: Role.PREVIOUS, 2: Role.LIVE}
            await old.append("account-a", AmountMoved(1))
            head = await database.store.head()
            await eventually(lambda: _is_at(database, 1, head))
            await new.caught_up()
            assert old.state is new.state is RunnerState.RUNNING
            assert await new.balances() == [Balance("account-a", 101, 1)]


async def _is_at(database: Database, number: int, position: int) -> bool:
    share = Share(BalanceProjection.name, number)
    checkpoint = await database.checkpoints.read_share(share)
    return checkpoint is not None and checkpoint.position >= position


async def test_a_failed_index_leaves_the_old_view(database: Database) -> None:
    """What cannot be made is told, and tried again; queries go on with what there is."""

    class Third(SecondBalanceProjection):
        name, version = "balances_view", 3
        indexes: ClassVar[Mapping[str, str]] = {"wrong_index": "CREATE INDEX wrong_index ON balances_view (nothing)"}

    async with Worker(database) as old:
        await old.append("account-a", AccountOpened("ann"))
        await old.caught_up()
        async with Worker(database, [Third]) as new:
            head = await database.store.head()
            await eventually(lambda: _is_at(database, 2, head))
            assert await new.balances() == [Balance("account-a", 0, 0)]


async def test_an_old_release_that_starts_meanwhile_leaves_the_view_of_the_new_one_alone(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a generation of its own it has nothing to work on, and says so; the live one does not go back."""
    async with Worker(database, [SecondBalanceProjection]) as new:
        await new.append("account-a", AccountOpened("ann"))
        await new.caught_up()
        async with Worker(database) as old:
            assert [each.version for each in await old.prepare_view(BalanceProjection)] == [2]
            assert old.state is RunnerState.WAITING
            await new.append("account-a", AmountMoved(1))
            await new.caught_up()
            assert await old.balances() == [Balance("account-a", 101, 1)]
    assert "is at version 2; this process has version 1, and nothing to work on" in caplog.text
    assert len(await database.generations.read(BalanceProjection.name)) == 1


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
