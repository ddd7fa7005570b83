from collections.abc import Sequence
from dataclasses import dataclass

from duolog import (
    Aggregate,
    Criterion,
    DecisionBoundary,
    EventSourcedRepository,
    EventStreams,
    Exactly,
    Tag,
    UnitOfWork,
    Upcast,
    event,
)
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.messages.event import JsonObject
from duolog.testing import application
from tests.unit.write.carts import Shop


def split(payload: JsonObject) -> Sequence[Upcast]:
    return [Upcast("room.named", 1, {"name": payload["name"]}), Upcast("room.sized", 1, {"beds": payload["beds"]})]


@event("room.made", version=2, upcasts={1: split})
@dataclass(frozen=True, slots=True)
class RoomMade:
    """Retired."""


@event("room.named", upcast_from=(RoomMade,), tags=lambda named: [Tag("name", named.name)])
@dataclass(frozen=True, slots=True)
class RoomNamed:
    name: str


@event("room.sized", upcast_from=(RoomMade,))
@dataclass(frozen=True, slots=True)
class RoomSized:
    beds: int


@event("room.swept", version=2, upcasts={1: lambda _: None})
@dataclass(frozen=True, slots=True)
class RoomSwept:
    by: str


class Room(Aggregate[int]):
    category = "room"
    name = ""
    beds = 0

    def name_it(self, name: str) -> None:
        self.raise_event(RoomNamed(name))

    def on_named(self, event: RoomNamed) -> None:
        self.name = event.name

    def on_sized(self, event: RoomSized) -> None:
        self.beds = event.beds

    def on_swept(self, _: RoomSwept) -> None:
        raise AssertionError


MADE = b'{"name":"blue","beds":2}'


def old(name: str, data: bytes, *tags: str) -> NewEvent:
    return NewEvent(uuid7(), name, 1, data, tags)


async def test_a_version_counts_recorded_events_whatever_they_became(url: str) -> None:
    async with application(database=url) as app:
        shop = Shop(app)
        await app.database.store.append("room-1", [old("room.made", MADE), old("room.swept", b"{}")])
        unit = shop.unit()
        rooms = EventSourcedRepository(Room, unit)
        room = await rooms.load(1)
        assert (room.name, room.beds, room.version) == ("blue", 2, 2)
        room.name_it("red")
        assert room.pending_events.expected == Exactly(2)
        await rooms.save(room)
        await unit.finish()
        again = await EventSourcedRepository(Room, shop.unit()).load(1)
        assert (again.name, again.beds, again.version) == ("red", 2, 3)


async def test_a_stream_whose_events_were_all_dropped_still_has_its_version(url: str) -> None:
    async with application(database=url) as app:
        await app.database.store.append("room-1", [old("room.swept", b"{}")])
        unit = Shop(app).unit()
        rooms = EventSourcedRepository(Room, unit)
        room = await rooms.load(1)
        assert (room.version, room.name) == (1, "")
        room.name_it("red")
        await rooms.save(room)
        await unit.finish()
        assert dict(unit.outcome.versions) == {"room-1": 2}


async def test_event_streams_give_what_recorded_events_are_today(url: str) -> None:
    async with application(database=url, events=[RoomNamed, RoomSized, RoomSwept]) as app:
        await app.database.store.append("room-1", [old("room.made", MADE), old("room.swept", b"{}")])
        assert await EventStreams(Shop(app).unit(), "room").load(1) == [RoomNamed("blue"), RoomSized(2)]


async def test_a_boundary_sees_and_guards_the_old_events_that_become_what_it_asks_for(url: str) -> None:
    async with application(database=url, events=[RoomSized]) as app:
        await app.database.store.append("room-1", [old("room.made", MADE, "name:blue")])

        def boundary() -> tuple[UnitOfWork, DecisionBoundary]:
            unit = Shop(app).unit()
            return unit, DecisionBoundary(unit)

        _, asked = boundary()
        blue = Criterion((RoomNamed,), (Tag("name", "blue"),))
        assert await asked.read(blue) == [RoomNamed("blue")]
        assert await asked.peek(Criterion((RoomSized,))) == [RoomSized(2)]
        assert await asked.peek(Criterion(tags=(Tag("name", "blue"),))) == [RoomNamed("blue"), RoomSized(2)]
        assert await asked.peek(Criterion((RoomNamed,), (Tag("name", "red"),))) == []
