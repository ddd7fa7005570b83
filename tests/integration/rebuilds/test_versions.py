"""Releases side by side: each version has its own generation, and queries always have a view."""

import asyncio
import logging

import pytest

from duolog import Application
from duolog.database.port import Database
from duolog.projections.rebuild import Rebuilds
from duolog.subscriptions.generations import Role
from tests.integration.rebuilds.orders import (
    NAME,
    DoubledTotals,
    ListTotalsQuery,
    OrderTotals,
    TotalDTO,
    Traffic,
    make_application,
    place,
    tool,
)
from tests.unit.subscriptions.eventually import eventually


async def _roles(database: Database) -> dict[tuple[int, int], Role]:
    return {(each.number, each.version): each.role for each in await database.generations.read(NAME)}


async def _positions(database: Database, number: int) -> list[int]:
    return [each.position for each in await database.checkpoints.read_all() if each.share.generation == number]


async def _is_alone(database: Database) -> bool:
    return list(await _roles(database)) == [(2, 2)]


async def _until_at_head(app: Application, number: int) -> None:
    head = await app.database.store.head()
    await eventually(lambda: _is_at(app.database, number, head), seconds=60)


async def _is_at(database: Database, number: int, head: int) -> bool:
    return min(await _positions(database, number)) >= head


async def test_a_new_version_is_built_beside_the_old_one_and_takes_its_place(url: str) -> None:
    """No query fails in either release, no rows are lost, and the old release keeps its own generation going."""
    async with make_application(url) as old:
        await place(old, range(100, 140))
        async with Traffic(old, begin=1_000).running() as traffic, make_application(url, DoubledTotals) as new:
            await new.caught_up(timeout=90)
            assert await _roles(new.database) == {(1, 1): Role.PREVIOUS, (2, 2): Role.LIVE}
            await asyncio.sleep(0.2)
        assert traffic.errors == []
    async with make_application(url) as old, make_application(url, DoubledTotals) as new:
        await place(old, [2_000])
        await new.caught_up(timeout=90)
        orders = sorted([*range(100, 140), *traffic.placed, 2_000])
        assert await new.query(ListTotalsQuery()) == [TotalDTO(f"{order:06}", 2 * order) for order in orders]
        await _until_at_head(old, 1)
        assert await _roles(new.database) == {(1, 1): Role.PREVIOUS, (2, 2): Role.LIVE}


async def test_a_switch_is_logged_as_what_it_is(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """It takes every lease on the view, in both releases, which is no failure of anybody."""
    with caplog.at_level(logging.INFO, "duolog.subscriptions"):
        async with make_application(url) as old:
            await place(old, range(100, 110))
            async with make_application(url, DoubledTotals) as new:
                await new.caught_up(timeout=90)
                said = {f"view {NAME} was switched: generation {each} now" for each in ("1 is previous", "2 is live")}
                await eventually(lambda: said <= {*caplog.messages}, seconds=30)
                assert not [each.error for app in (old, new) for each in app.projection_statuses() if each.error]
    failures = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert not [each for each in failures if each.name == "duolog.subscriptions"]


async def test_going_back_lasts_while_the_new_release_runs(url: str) -> None:
    """A roll-back to the old release's generation is not undone by the new one, whose own is kept going."""
    async with make_application(url) as old:
        await place(old, range(100, 110))
        async with make_application(url, DoubledTotals) as new:
            await new.caught_up(timeout=90)
            await place(old, [110])
            await _until_at_head(old, 1)
            async with tool(url, DoubledTotals) as other:
                await _rolled_back(other.rebuilds())
            assert await _roles(new.database) == {(1, 1): Role.LIVE, (2, 2): Role.PREVIOUS}
            await place(new, [111])
            await old.caught_up(timeout=90)
            await _until_at_head(new, 2)
            assert await old.query(ListTotalsQuery()) == [TotalDTO(f"{order:06}", order) for order in range(100, 112)]
        async with make_application(url, DoubledTotals):
            await asyncio.sleep(0.3)
            assert await _roles(old.database) == {(1, 1): Role.LIVE, (2, 2): Role.PREVIOUS}


async def _rolled_back(rebuilds: Rebuilds) -> None:
    back = await rebuilds.roll_back(DoubledTotals, accept_behind=False, seconds=20, show=lambda _: None)
    assert back.version == OrderTotals.version


async def test_a_previous_generation_is_dropped_when_its_time_is_over(url: str) -> None:
    """Whoever runs the live version drops it."""
    async with make_application(url) as old:
        await place(old, [100])
        await old.caught_up()
    app = make_application(url, DoubledTotals, keep_previous_hours=1e-9)
    async with app:
        await app.caught_up(timeout=90)
        await eventually(lambda: _is_alone(app.database), seconds=60)
        assert await app.query(ListTotalsQuery()) == [TotalDTO("000100", 200)]
