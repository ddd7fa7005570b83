"""Inline projections in an application: on every write path, and for queries that never wait."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dishka import AsyncContainer

from duolog import Command
from duolog.application.application import Application
from duolog.codec.event_codec import EventCodec
from duolog.errors import ConfigurationError, InlineProjectionError, InlineViewNotBuiltError
from duolog.eventstore.port import EventStore
from duolog.messages.envelope import RecordedEvent
from duolog.projections.projection import Projection
from duolog.testing.applications import application
from duolog.write.aggregate import Aggregate
from duolog.write.repository import EventSourcedRepository
from duolog.write.unit_of_work import UnitOfWork
from tests.unit.projections.badges import (
    BadgeGiven,
    BadgeHolders,
    GiveBadge,
    GiveBadgeInteractor,
    HolderOf,
    HolderOfQueryService,
    LockerTaken,
)


class Locker(Aggregate[str]):
    category = "locker"

    def __init__(self, id: str) -> None:  # noqa: A002 - as the base has it
        super().__init__(id)
        self.holder = ""

    def hand_over(self, holder: str) -> None:
        self.raise_event(LockerTaken(self.id, holder))

    def on_taken(self, event: LockerTaken) -> None:
        self.holder = event.holder


@dataclass(frozen=True, slots=True)
class TakeLocker(Command[None]):
    locker: str
    holder: str


class TakeLockerInteractor:
    def __init__(self, unit: UnitOfWork) -> None:
        self._lockers = EventSourcedRepository(Locker, unit)

    async def execute(self, cmd: TakeLocker) -> None:
        locker = await self._lockers.find(cmd.locker) or Locker(cmd.locker)
        locker.hand_over(cmd.holder)
        await self._lockers.save(locker)


Make = Callable[..., Application]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Make applications on one database of each backend."""
    url = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path / 'badges.db'}"}.get(request.param)
    url = url or request.getfixturevalue("fresh_postgres_url")

    def make(**others: Any) -> Application:
        return application(
            GiveBadge.handled_by(GiveBadgeInteractor),
            TakeLocker.handled_by(TakeLockerInteractor),
            HolderOf.handled_by(HolderOfQueryService, reads=[BadgeHolders] if others.get("projections") else []),
            database=url,
            tables={"desks": "CREATE TABLE desks (id TEXT PRIMARY KEY)"},
            events=[BadgeGiven, LockerTaken],
            **others,
        )

    return make


async def test_a_query_sees_it_without_waiting(make: Make) -> None:
    """The view has what the command did when the command returns, also where no projection runs in this process."""
    app = make(projections=[BadgeHolders])
    await app.start(projections=False)
    try:
        receipt = await app.execute_with_receipt(GiveBadge("1", "Ada"))
        assert await app.query(HolderOf("1"), after=receipt.position, timeout=0) == "Ada"
        await app.execute(GiveBadge("2", "Bob", with_row=True))
        assert await app.query(HolderOf("2")) == "Bob"
    finally:
        await app.close()


async def test_a_command_whose_event_cannot_be_shown_fails(make: Make) -> None:
    """Nothing of it is there: neither the row nor the event; and the error names the projection."""
    async with make(projections=[BadgeHolders]) as app:
        for _ in range(2):  # its row is not in the way of the second one
            with pytest.raises(InlineProjectionError, match="badge_holders"):
                await app.execute(GiveBadge("1", "", with_row=True))
        await app.execute(GiveBadge("1", "Ada", with_row=True))
        assert [each.version for each in await app.database.store.read_stream("badge-1")] == [1]


async def test_the_events_of_an_entity_are_shown(make: Make) -> None:
    """An event-sourced repository's save writes the view; commands side by side are retried until each has its turn."""
    async with make(projections=[BadgeHolders]) as app:
        async with asyncio.timeout(20):
            await asyncio.gather(*(app.execute(TakeLocker("7", f"holder {number}")) for number in range(6)))
        last = (await app.database.store.read_stream("locker-7", backward=True, limit=1))[0]
        assert last.version == 6
        assert app.codec.decode_all(last) == (LockerTaken("7", str(await app.query(HolderOf("7")))),)


async def test_what_is_appended_to_the_injected_store_is_shown(make: Make) -> None:
    """An append past the unit of work writes the view as well."""
    async with make(projections=[BadgeHolders]) as app:
        container: AsyncContainer = app.container
        store, codec = await container.get(EventStore), await container.get(EventCodec)
        await store.append("badge-1", [codec.encode(BadgeGiven("1", "Ada"))])
        assert await app.query(HolderOf("1")) == "Ada"


async def test_a_log_with_events_needs_the_view_to_be_built(make: Make, request: pytest.FixtureRequest) -> None:
    """The application refuses to start until it is built, and says by which command."""
    if "memory" in request.node.name:
        pytest.skip("a database in memory is empty when it is opened")
    async with make() as app:
        await app.execute(GiveBadge("1", "Ada"))
    with pytest.raises(InlineViewNotBuiltError, match="duolog projections build MODULE:ATTRIBUTE badge_holders"):
        await make(projections=[BadgeHolders]).start()
    app = make(projections=[BadgeHolders])
    await app.database.open()
    await app.inline_building().build(BadgeHolders)
    await app.database.close()
    async with make(projections=[BadgeHolders]) as app:
        await app.execute(GiveBadge("2", "Bob"))
        assert [await app.query(HolderOf(badge)) for badge in ("1", "2")] == ["Ada", "Bob"]


def test_what_an_inline_projection_cannot_be_is_refused() -> None:
    """It has one share and no key, and its methods take no recorded event: there is no position yet."""
    with pytest.raises(ConfigurationError, match="cannot be divided"):
        type("Divided", (BadgeHolders,), {"partitions": 4})

    async def on_given(self: Projection, event: BadgeGiven, recorded: RecordedEvent) -> None:
        """Take what is not there yet."""

    with pytest.raises(ConfigurationError, match="takes the recorded event"):
        type("Positioned", (Projection,), {"name": "positioned", "inline": True, "on_given": on_given})
