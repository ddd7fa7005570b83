import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.database.port import Database
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.messages.event import JsonObject, Upcast, event
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.subscriptions.parking import ParkReason
from tests.unit.projections.accounts import Worker


def transferred(payload: JsonObject) -> Sequence[Upcast] | None:
    if not payload["amount"]:
        return None
    return [
        Upcast("purse.filled", 1, {"amount": payload["amount"]}),
        Upcast("purse.noted", 1, {"text": payload["text"]}),
        Upcast("purse.filled", 1, {"amount": payload["fee"]}),
    ]


@event("purse.transferred", version=2, upcasts={1: transferred})
@dataclass(frozen=True, slots=True)
class Transferred:
    """Retired."""


@event("purse.filled", upcast_from=(Transferred,))
@dataclass(frozen=True, slots=True)
class Filled:
    amount: int


@event("purse.noted", upcast_from=(Transferred,))
@dataclass(frozen=True, slots=True)
class Noted:
    text: str


class PurseProjection(Projection):
    """Lists the amounts in order; the view refuses negative ones."""

    name, version = "purses_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "purses_view": """
            CREATE TABLE purses_view (
                number INTEGER PRIMARY KEY AUTOINCREMENT, position INTEGER NOT NULL, amount INTEGER NOT NULL
                CHECK (amount >= 0)
            )"""
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_filled(self, event: Filled, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "INSERT INTO purses_view (position, amount) VALUES (:position, :amount)",
            {"position": recorded.position, "amount": event.amount},
        )


def old(amount: int, fee: int) -> NewEvent:
    return NewEvent(uuid7(), "purse.transferred", 1, b'{"amount":%d,"fee":%d,"text":"thanks"}' % (amount, fee))


async def amounts(database: Database) -> list[tuple[int, int]]:
    reader = database.open_reader()
    try:
        rows = await reader.fetch("SELECT position, amount FROM purses_view ORDER BY number")
        return [(row["position"], row["amount"]) for row in rows]
    finally:
        await reader.close()


def worker(database: Database) -> Worker:
    codec = EventCodec(EventTypes([Noted]), Tagger(b"0" * 32))
    return Worker(database, projections=(PurseProjection,), codec=codec)


async def test_the_parts_of_an_old_event_are_applied_in_order_and_dropped_ones_are_passed_over(
    database: Database,
) -> None:
    async with worker(database) as work, asyncio.timeout(30):
        first = await work.append("purse-1", old(5, 1), old(0, 9), Filled(7))
        await work.caught_up()
        assert await amounts(database) == [(first - 2, 5), (first - 2, 1), (first, 7)]
        assert await database.parking.read() == []


async def test_a_part_that_is_refused_takes_the_other_parts_with_it_and_parks_the_event(database: Database) -> None:
    async with worker(database) as work, asyncio.timeout(30):
        bad = await work.append("purse-1", old(5, -1))
        good = await work.append("purse-2", old(2, 3))
        await work.caught_up()
        assert await amounts(database) == [(good, 2), (good, 3)]
        parked = await database.parking.read()
        assert [(each.position, each.reason) for each in parked] == [(bad, ParkReason.DATABASE_REFUSED)]
