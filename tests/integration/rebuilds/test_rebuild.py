"""A view is rebuilt while it is written and read: nothing is missing afterwards, and no query fails."""

import asyncio
from collections.abc import Sequence

import pytest

from duolog import Application
from duolog.errors import PoisonEventError
from duolog.projections.building import Built, Show
from duolog.subscriptions.generations import Role
from tests.integration.rebuilds.orders import (
    NAME,
    ListTotalsQuery,
    OrderTotals,
    TotalDTO,
    Traffic,
    make_application,
    place,
    tool,
)


async def _totals(app: Application) -> list[TotalDTO]:
    await app.caught_up()
    return await app.query(ListTotalsQuery())


def _expected(orders: Sequence[int], factor: int = 1) -> list[TotalDTO]:
    return [TotalDTO(f"{order:06}", order * factor) for order in sorted(orders)]


async def _roles(app: Application) -> dict[int, Role]:
    return {each.number: each.role for each in await app.database.generations.read(NAME)}


async def test_a_view_is_rebuilt_under_live_writes(url: str) -> None:
    """The rebuilt view is a fold of the log, queries never lose rows, and the former one is kept going."""
    async with make_application(url) as app:
        await place(app, range(100, 140))
        async with Traffic(app, begin=1_000).running() as traffic, tool(url) as other:
            shown: list[Built] = []
            async with other.rebuilds().building(OrderTotals) as rebuild:
                await rebuild.build(shown.append)
                switched = await rebuild.switch()
            assert (switched.number, switched.role) == (2, Role.LIVE)
            await asyncio.sleep(0.2)
        assert traffic.errors == []
        assert traffic.answers
        assert await _totals(app) == _expected([*range(100, 140), *traffic.placed])
        assert await _roles(app) == {1: Role.PREVIOUS, 2: Role.LIVE}
        assert shown[-1].percent == 100.0


async def test_an_interrupted_rebuild_goes_on(url: str) -> None:
    """What is built stays; the next one has the same generation."""
    async with make_application(url) as app:
        await place(app, range(100, 140))
        async with tool(url) as other:
            task = asyncio.create_task(_build(other, lambda _: task.cancel()))
            await asyncio.wait({task})
            assert task.cancelled()
            assert await _roles(app) == {1: Role.LIVE, 2: Role.SHADOW}
            async with other.rebuilds().building(OrderTotals) as rebuild:
                assert rebuild.shadow.number == 2
                await rebuild.build(_quietly)
                await rebuild.switch()
        assert await _totals(app) == _expected(range(100, 140))


async def test_two_rebuilds_at_once_build_one_view(url: str) -> None:
    """The second one helps, and finds the view switched."""
    async with make_application(url) as app:
        await place(app, range(100, 140))
        async with tool(url) as one, tool(url) as two:
            await asyncio.gather(_build(one), _build(two))
        assert await _roles(app) == {1: Role.PREVIOUS, 2: Role.LIVE}
        assert await _totals(app) == _expected(range(100, 140))


async def test_a_rebuild_needs_no_running_application(url: str) -> None:
    """It advances the shadow itself, in one process alone."""
    async with make_application(url) as app:
        await place(app, range(100, 140))
        await app.caught_up()
    async with tool(url) as other:
        await _build(other)
        assert await other.query(ListTotalsQuery()) == _expected(range(100, 140))


async def test_a_strict_rebuild_stops_at_the_first_poison_event(url: str) -> None:
    """It says which; the live view stays."""
    async with make_application(url) as app:
        await place(app, [12, 13, 14])
        await app.caught_up()
        async with tool(url) as other:
            with pytest.raises(PoisonEventError, match=r"order.placed at position 2"):
                async with other.rebuilds().building(OrderTotals, strict=True) as rebuild:
                    await rebuild.build(_quietly)
        assert await _roles(app) == {1: Role.LIVE, 2: Role.SHADOW}


async def test_going_back_applies_what_is_missing(url: str) -> None:
    """With the code's version, the former view is caught up by the roll-back itself."""
    async with make_application(url) as app:
        await place(app, range(100, 120))
        await app.caught_up()
    async with tool(url) as other:
        await _build(other)
    async with tool(url) as other:
        await place(other, range(120, 140))
        back = await other.rebuilds().roll_back(OrderTotals, accept_behind=False, seconds=10, show=_quietly)
        assert (back.number, back.role) == (1, Role.LIVE)
        assert await other.query(ListTotalsQuery()) == _expected(range(100, 140))


def _quietly(_: Built) -> None:
    """Show nothing."""


async def _build(app: Application, show: Show = _quietly) -> None:
    async with app.rebuilds().building(OrderTotals) as rebuild:
        await rebuild.build(show)
        await rebuild.switch()
