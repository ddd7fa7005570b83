"""The contract of parking: events are parked, and unparked, with the move of the checkpoint."""

from dataclasses import replace

import pytest

from duolog.database.port import Database
from duolog.errors import (
    CheckpointConflictError,
)
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.parking import ParkReason
from duolog.subscriptions.share import Share
from duolog.testing.contracts.contract_view import INSERT, SHARE, VIEW, PreparedView, moved, parked_event, view_rows


class ViewParkingContract(PreparedView):
    """Every backend's views are written in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_parked_events_appear_with_the_move(self, database: Database, session: ViewSession) -> None:
        """What is parked is listed by position, found by key and position, and counted."""
        await session.commit(moved(0, 7), [parked_event(5, "user-2"), parked_event(2)])
        events = await database.parking.read(VIEW.subscription)
        assert [(event.position, event.key, event.tenant) for event in events] == [
            (2, "user-1", "acme"),
            (5, "user-2", "acme"),
        ]
        assert (events[0].type, events[0].reason) == ("user.created", ParkReason.HANDLER_RAISED)
        assert (events[0].error, events[0].traceback) == ("E", "T")
        assert events[0].parked_at > 1_577_836_800_000_000
        assert await database.parking.read() == events
        assert list(await database.parking.read(limit=1)) == list(events[:1])
        assert not await database.parking.read("other_view")
        assert await database.parking.keys(SHARE) == {("acme", "user-1"), ("acme", "user-2")}
        assert await database.parking.keys(Share("other_view")) == frozenset()
        assert await database.parking.is_parked(VIEW.subscription, range(1, 3))
        assert not await database.parking.is_parked(VIEW.subscription, range(3, 5))
        assert not await database.parking.is_parked("other_view", range(1, 9))
        assert await database.parking.counts() == {VIEW.subscription: 2}

    async def test_parked_events_are_chosen_by_what_they_are_of(self, database: Database, session: ViewSession) -> None:
        """They are read by tenant, key and position, alone or together."""
        await session.commit(moved(0, 7), [parked_event(2), parked_event(5, "user-2"), parked_event(6)])
        read = database.parking.read
        assert [event.position for event in await read(key="user-1")] == [2, 6]
        assert [event.position for event in await read(key="user-1", position=6)] == [6]
        assert [event.position for event in await read(tenant="acme", limit=None)] == [2, 5, 6]
        assert not await read(tenant="")
        assert not await read(position=3)

    async def test_parked_events_go_with_what_replaces_them(self, database: Database, session: ViewSession) -> None:
        """Rows, the removal of parked events and a new reason for one that stays are one step."""
        await session.commit(moved(0, 7), [parked_event(2), parked_event(5), parked_event(6, "user-2")])
        retry = database.open_view(VIEW)
        await retry.execute(INSERT, {"id": "a", "hits": 1})
        again = replace(parked_event(5), reason=ParkReason.DATABASE_REFUSED, error="again")
        await retry.commit(moved(7, 7), [again], unparked=[2])
        assert await view_rows(database) == {"a": 1}
        left = await database.parking.read(VIEW.subscription)
        assert [(event.position, event.reason, event.error) for event in left] == [
            (5, ParkReason.DATABASE_REFUSED, "again"),
            (6, ParkReason.HANDLER_RAISED, "E"),
        ]

    async def test_a_refused_batch_unparks_nothing(self, database: Database, session: ViewSession) -> None:
        """Where the checkpoint is not what the batch says, what is parked stays so."""
        await session.commit(moved(0, 7), [parked_event(2)])
        retry = database.open_view(VIEW)
        with pytest.raises(CheckpointConflictError):
            await retry.commit(moved(3, 3), unparked=[2])
        assert await database.parking.counts() == {VIEW.subscription: 1}
