"""The contract of reading the log: streams forward and backward, the whole log, filters and ``through``."""

from collections.abc import Sequence

import pytest

from duolog.database.port import Database
from duolog.eventstore.appends import Append
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.streams import partition_of
from duolog.eventstore.whole_log import read_log
from duolog.messages.envelope import RecordedEvent
from duolog.testing.contracts.samples import new_event, new_events


def _versions(events: Sequence[RecordedEvent]) -> list[int]:
    return [event.version for event in events]


class ReadingContract:
    """Every backend's log is read in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_an_unknown_stream_is_empty(self, database: Database) -> None:
        """Reading a stream that does not exist gives no events."""
        assert not await database.store.read_stream("user-1")
        assert not await database.store.read_stream("user-1", backward=True, after_version=3)

    @pytest.mark.parametrize(
        ("after", "limit", "backward", "versions"),
        [
            (0, None, False, [1, 2, 3, 4, 5]),
            (2, None, False, [3, 4, 5]),
            (0, 2, False, [1, 2]),
            (2, 2, False, [3, 4]),
            (5, None, False, []),
            (9, None, False, []),
            (0, None, True, [5, 4, 3, 2, 1]),
            (0, 2, True, [5, 4]),
            (4, None, True, [3, 2, 1]),
            (4, 2, True, [3, 2]),
            (1, None, True, []),
            (9, 1, True, [5]),
        ],
    )
    async def test_a_stretch_of_a_stream(
        self, database: Database, *, after: int, limit: int | None, backward: bool, versions: list[int]
    ) -> None:
        """A stream is read forward above a version or backward below one, up to a limit."""
        await database.store.append_all([Append("user-1", tuple(new_events(5))), Append("user-2", (new_event(),))])
        events = await database.store.read_stream("user-1", after_version=after, limit=limit, backward=backward)
        assert _versions(events) == versions

    async def test_it_is_told_since_when_something_waits(self, database: Database) -> None:
        """The first event above a position says when it was recorded; above the last one there is none."""
        assert await database.store.recorded_after(0) is None
        for number in range(2):
            await database.store.append(f"user-{number}", new_events(1))
        first, second = (await database.store.read_all()).events
        assert await database.store.recorded_after(0) == first.recorded_at
        assert await database.store.recorded_after(first.position) == second.recorded_at
        assert await database.store.recorded_after(second.position) is None

    async def test_a_whole_log_is_read_page_by_page(self, database: Database) -> None:
        """Every event up to the head comes once, in order, however the pages are cut; filters hold on each."""
        for number in range(3):
            await database.store.append(f"user-{number}", new_events(3))
        end = await database.store.head()
        for limit in (1, 2, 3, 9, 10):
            pages = [page async for page in read_log(database.store, until=end, limit=limit)]
            events = [event for page in pages for event in page.events]
            assert events == list((await database.store.read_all()).events)
            assert pages[-1].through == end
        wanted = EventFilter.of(partitions=range(128))
        filtered = [page async for page in read_log(database.store, until=end, limit=2, filter=wanted)]
        expected = (await database.store.read_all(filter=wanted)).events
        assert [event for page in filtered for event in page.events] == list(expected)

    async def test_an_empty_log_is_read_through_nothing(self, database: Database) -> None:
        """An empty log has head 0, and its page ends where it began."""
        assert await database.store.head() == 0
        page = await database.store.read_all()
        assert (list(page.events), page.through) == ([], 0)

    async def test_the_head_is_the_last_position(self, database: Database) -> None:
        """The head is the position of the last event."""
        outcome = await database.store.append("user-1", new_events(3))
        assert await database.store.head() == outcome.position

    async def test_the_log_is_read_in_pages_without_loss(self, database: Database) -> None:
        """Reading on from ``through`` gives every event once, in order, to the end."""
        for number in range(7):
            await database.store.append(f"user-{number % 3}", new_events(2))
        whole = await database.store.read_all()
        assert len(whole.events) == 14
        assert whole.through == await database.store.head()
        paged: list[RecordedEvent] = []
        after = 0
        while (page := await database.store.read_all(after=after, limit=4)).events:
            assert len(page.events) <= 4
            assert page.through >= page.events[-1].position
            paged.extend(page.events)
            after = page.through
        assert paged == list(whole.events)

    async def test_reading_begins_above_the_position(self, database: Database) -> None:
        """``after`` itself is not read again."""
        first = await database.store.append("user-1", new_events(1))
        second = await database.store.append("user-1", new_events(1))
        page = await database.store.read_all(after=first.position)
        assert [event.position for event in page.events] == [second.position]
        end = await database.store.read_all(after=second.position)
        assert (list(end.events), end.through) == ([], second.position)

    async def test_a_page_of_unwanted_events_is_looked_through(self, database: Database) -> None:
        """Where nothing is wanted, ``through`` still passes what was looked at."""
        outcome = await database.store.append("user-1", new_events(3))
        page = await database.store.read_all(filter=EventFilter.of(types=["user.renamed"]))
        assert (list(page.events), page.through) == ([], outcome.position)

    async def test_through_stops_where_the_limit_cut(self, database: Database) -> None:
        """A full page does not pass a wanted event that it left out."""
        await database.store.append("user-1", [new_event("a"), new_event("b"), new_event("a"), new_event("a")])
        wanted = EventFilter.of(types=["a"])
        first = await database.store.read_all(limit=2, filter=wanted)
        assert _versions(first.events) == [1, 3]
        rest = await database.store.read_all(after=first.through, limit=2, filter=wanted)
        assert _versions(rest.events) == [4]
        assert rest.through == await database.store.head()

    @pytest.mark.parametrize(
        ("wanted", "streams"),
        [
            (EventFilter.of(types=["user.created"]), ["user-1", "user-2"]),
            (EventFilter.of(types=["user.created", "order.paid"]), ["user-1", "order-1", "user-2"]),
            (EventFilter.of(categories=["order"]), ["order-1"]),
            (EventFilter.of(categories=["user"]), ["user-1", "user-2"]),
            (EventFilter.of(categories=["user", "user_notices"]), ["user-1", "user_notices-1", "user-2"]),
            (EventFilter.of(tags=["region:north"]), ["user-1", "order-1"]),
            (EventFilter.of(tags=["region:north", "vip:yes"]), ["order-1"]),
            (EventFilter.of(tenant="acme"), ["user-2"]),
            (EventFilter.of(tenant=""), ["user-1", "user_notices-1", "order-1"]),
            (EventFilter.of(types=["user.created"], tags=["region:north"]), ["user-1"]),
            (EventFilter.of(types=["order.paid"], categories=["user"]), []),
            (EventFilter.of(partitions=range(256)), ["user-1", "user_notices-1", "order-1", "user-2"]),
            (EventFilter.of(partitions=range(0)), []),
        ],
    )
    async def test_a_filter_chooses(self, database: Database, wanted: EventFilter, streams: list[str]) -> None:
        """Types, categories and partitions are any of those given, tags all of them, and a tenant one."""
        store = database.store
        await store.append("user-1", [new_event("user.created", "region:north", "vip:no")])
        await store.append("user_notices-1", [new_event("user.noticed")])
        await store.append("order-1", [new_event("order.paid", "region:north", "vip:yes")])
        await store.append("user-2", [new_event("user.created")], tenant="acme")
        page = await store.read_all(filter=wanted)
        assert [event.stream for event in page.events] == streams
        assert page.through == await store.head()

    async def test_partitions_split_the_log(self, database: Database) -> None:
        """Two halves of the partitions together give every event once; a stream lies in one of them."""
        await database.store.append_all([Append(f"user-{number}", tuple(new_events(2))) for number in range(20)])
        halves = [
            (await database.store.read_all(filter=EventFilter.of(partitions=half))).events
            for half in (range(128), range(128, 256))
        ]
        assert sorted(event.position for half in halves for event in half) == [
            event.position for event in (await database.store.read_all()).events
        ]
        assert all(partition_of("", event.stream) < 128 for event in halves[0])
        assert all(partition_of("", event.stream) >= 128 for event in halves[1])

    async def test_the_log_has_an_identity(self, database: Database) -> None:
        """A log's id is there and stays."""
        assert database.store.log_id
        assert database.store.log_id == database.store.log_id
