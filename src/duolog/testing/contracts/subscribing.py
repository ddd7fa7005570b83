"""The contract of `EventStore.subscribe`: nothing skipped, nothing doubled, and awake when something comes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from duolog.database.port import Database
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.testing.contracts.samples import followed, following, new_event, new_events, stays_pending


def _positions(events: list[RecordedEvent]) -> list[int]:
    return [event.position for event in events]


async def _log(database: Database) -> list[RecordedEvent]:
    return list((await database.store.read_all(limit=10_000)).events)


async def _next_events(pages: AsyncIterator[EventPage]) -> list[RecordedEvent]:
    return list((await anext(pages)).events)


class SubscriptionContract:
    """Every backend's log is followed in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_what_is_there_comes_first(self, database: Database) -> None:
        """A subscriber gets the whole log, in order."""
        for number in range(5):
            await database.store.append(f"user-{number}", new_events(3))
        assert await followed(database.store.subscribe(), events=15) == await _log(database)

    async def test_pages_are_no_larger_than_asked(self, database: Database) -> None:
        """A page has at most ``batch`` events, and the next one goes on behind it."""
        await database.store.append("user-1", new_events(7))
        sizes: list[int] = []
        async with following(database.store.subscribe(batch=3)) as pages:
            while sum(sizes) < 7:
                sizes.append(len((await anext(pages)).events))
        assert sum(sizes) == 7
        assert max(sizes) <= 3

    async def test_a_subscriber_starts_in_the_middle(self, database: Database) -> None:
        """Only events above the given position come."""
        await database.store.append("user-1", new_events(3))
        middle = await database.store.head()
        await database.store.append("user-1", new_events(2))
        events = await followed(database.store.subscribe(after=middle), events=2)
        assert [event.version for event in events] == [4, 5]

    async def test_a_waiting_subscriber_wakes_up(self, database: Database) -> None:
        """At the end of the log a subscriber waits, and gets what is appended then."""
        await database.store.append("user-1", new_events(1))
        async with following(database.store.subscribe(after=await database.store.head())) as pages:
            for number in range(3):
                waiting = asyncio.create_task(_next_events(pages))
                assert await stays_pending(waiting)
                outcome = await database.store.append(f"user-{number}", new_events(1))
                assert _positions(await waiting) == [outcome.position]

    async def test_every_subscriber_gets_every_event(self, database: Database) -> None:
        """Subscribers do not take events from each other."""
        following = [asyncio.create_task(followed(database.store.subscribe(), events=4)) for _ in range(3)]
        for number in range(4):
            await database.store.append(f"user-{number}", new_events(1))
        for task in following:
            assert await task == await _log(database)

    async def test_nothing_is_skipped_or_doubled_under_concurrent_appends(self, database: Database) -> None:
        """While eight tasks append, subscribers from the start and the middle get each event once, in order."""
        await database.store.append("user-0", new_events(5))
        middle = await database.store.head()

        async def append(writer: int) -> None:
            for number in range(25):
                await database.store.append(f"user-{writer}", new_events(1 + number % 3))

        whole = asyncio.create_task(followed(database.store.subscribe(batch=7), events=5 + 8 * 49))
        late = asyncio.create_task(followed(database.store.subscribe(after=middle), events=8 * 49))
        await asyncio.gather(*(append(writer) for writer in range(8)))
        log = await _log(database)
        assert _positions(await whole) == _positions(log)
        assert _positions(await late) == [position for position in _positions(log) if position > middle]

    async def test_partitions_share_the_log(self, database: Database) -> None:
        """Subscribers to both halves of the partitions get every event once between them."""
        for number in range(20):
            await database.store.append(f"user-{number}", new_events(2))
        log = await _log(database)
        found: list[RecordedEvent] = []
        for half in (range(128), range(128, 256)):
            wanted = EventFilter.of(partitions=half)
            count = sum(event.partition in half for event in log)
            found += await followed(database.store.subscribe(filter=wanted), events=count)
        assert sorted(_positions(found)) == _positions(log)

    async def test_only_wanted_events_come(self, database: Database) -> None:
        """A filtered subscriber gets what its filter matches, and nothing else."""
        wanted = EventFilter.of(types=["user.renamed"], categories=["user"])
        following = asyncio.create_task(followed(database.store.subscribe(filter=wanted), events=2))
        for stream in ("user-1", "order-1", "user-2"):
            await database.store.append(stream, [new_event("user.created"), new_event("user.renamed")])
        assert [(event.stream, event.type) for event in await following] == [
            ("user-1", "user.renamed"),
            ("user-2", "user.renamed"),
        ]

    async def test_unwanted_events_are_passed_by_an_empty_page(self, database: Database) -> None:
        """A page without events tells a filtered subscriber how far the log was looked through."""
        outcome = await database.store.append("user-1", new_events(3))
        wanted = EventFilter.of(types=["user.renamed"])
        async with following(database.store.subscribe(filter=wanted)) as pages:
            page = await anext(pages)
            assert (list(page.events), page.through) == ([], outcome.position)
            later = await database.store.append("user-1", new_events(1))
            page = await anext(pages)
            assert (list(page.events), page.through) == ([], later.position)

    async def test_a_cancelled_subscriber_leaves_the_log_alone(self, database: Database) -> None:
        """A subscriber that is cancelled while it waits ends, and another one follows on."""
        waiting = asyncio.create_task(followed(database.store.subscribe(), events=1))
        assert await stays_pending(waiting)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await database.store.append("user-1", new_events(1))
        assert len(await followed(database.store.subscribe(), events=1)) == 1
