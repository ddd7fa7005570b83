"""The contract of `EventStore.append` and `append_all`: atomicity, versions, expectations and event ids."""

import asyncio
import contextlib

import pytest

from duolog.database.port import Database
from duolog.errors import EventIdReusedError, PayloadError, StreamNameError, WrongExpectedVersionError
from duolog.eventstore.appends import MAX_EVENTS, NOTHING_APPENDED, Append
from duolog.eventstore.expectations import ANY_VERSION, NO_STREAM, STREAM_EXISTS, Exactly, ExpectedVersion
from duolog.eventstore.streams import partition_of
from duolog.messages.envelope import NewEvent
from duolog.testing.contracts.samples import new_event, new_events, outcomes


class AppendingContract:
    """Every backend's log is appended to in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    async def test_what_is_recorded_is_what_was_given(self, database: Database) -> None:
        """An appended event is read back with its content, its place and a date."""
        event = NewEvent(new_event().event_id, "user.created", 3, '{"name":"Zoë"}'.encode(), ("a:1", "b:2"), b'{"x":1}')
        outcome = await database.store.append("user-1", [event], tenant="acme")
        (recorded,) = await database.store.read_stream("user-1", tenant="acme")
        assert (recorded.position, recorded.tenant, recorded.stream, recorded.version) == (
            outcome.position,
            "acme",
            "user-1",
            1,
        )
        assert (recorded.event_id, recorded.type, recorded.schema_version, recorded.data) == (
            event.event_id,
            event.type,
            event.schema_version,
            event.data,
        )
        assert (recorded.tags, recorded.metadata) == (event.tags, event.metadata)
        assert recorded.partition == partition_of("acme", "user-1")
        assert recorded.recorded_at > 1_577_836_800_000_000  # microseconds, not milliseconds: after 2020

    async def test_the_outcome_names_positions_versions_and_partitions(self, database: Database) -> None:
        """An append returns its first and last position, every stream's version and partition."""
        appends = [Append("user-1", tuple(new_events(2))), Append("order-9", tuple(new_events(1)))]
        outcome = await database.store.append_all(appends)
        positions = [event.position for event in (await database.store.read_all()).events]
        assert (outcome.first_position, outcome.position) == (positions[0], positions[-1])
        assert outcome.versions == {"user-1": 2, "order-9": 1}
        assert outcome.partitions == {partition_of("", "user-1"), partition_of("", "order-9")}

    async def test_versions_are_contiguous_and_positions_increase(self, database: Database) -> None:
        """A stream's versions are 1, 2, 3, ... in the order of positions, however its events came."""
        for count in (1, 3, 2):
            await database.store.append("user-1", new_events(count))
            await database.store.append("user-2", new_events(1))
        events = await database.store.read_stream("user-1")
        assert [event.version for event in events] == [1, 2, 3, 4, 5, 6]
        positions = [event.position for event in (await database.store.read_all()).events]
        assert positions == sorted(set(positions))
        assert positions[0] >= 1

    @pytest.mark.parametrize("expected", [NO_STREAM, Exactly(0), ANY_VERSION])
    async def test_a_new_stream_meets_its_expectation(self, database: Database, expected: ExpectedVersion) -> None:
        """No stream, version 0 and any version are what a new stream is."""
        outcome = await database.store.append("user-1", new_events(1), expected)
        assert outcome.versions == {"user-1": 1}

    @pytest.mark.parametrize("expected", [STREAM_EXISTS, Exactly(2), ANY_VERSION])
    async def test_a_stream_meets_its_expectation(self, database: Database, expected: ExpectedVersion) -> None:
        """A stream of two events exists, has version 2 and any version."""
        await database.store.append("user-1", new_events(2))
        outcome = await database.store.append("user-1", new_events(1), expected)
        assert outcome.versions == {"user-1": 3}

    @pytest.mark.parametrize(
        ("length", "expected"),
        [(0, STREAM_EXISTS), (0, Exactly(1)), (2, NO_STREAM), (2, Exactly(0)), (2, Exactly(1)), (2, Exactly(3))],
    )
    async def test_another_version_is_refused_by_name(
        self, database: Database, length: int, expected: ExpectedVersion
    ) -> None:
        """A failed expectation names the stream, the expected and the actual version, and records nothing."""
        if length:
            await database.store.append("user-1", new_events(length))
        with pytest.raises(WrongExpectedVersionError) as caught:
            await database.store.append("user-1", new_events(1), expected)
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == ("user-1", expected, length)
        assert caught.value.key == "user-1"
        assert len(await database.store.read_stream("user-1")) == length

    async def test_several_streams_are_appended_all_or_nothing(self, database: Database) -> None:
        """One stream's conflict keeps the others' events out as well."""
        await database.store.append("user-2", new_events(1))
        head = await database.store.head()
        appends = [Append("user-1", tuple(new_events(2))), Append("user-2", tuple(new_events(1)), NO_STREAM)]
        with pytest.raises(WrongExpectedVersionError):
            await database.store.append_all(appends)
        assert not await database.store.read_stream("user-1")
        assert not (await database.store.read_all(after=head)).events

    async def test_a_stream_may_stand_several_times(self, database: Database) -> None:
        """Each append of one call sees those before it, and the given order is the log's."""
        appends = [
            Append("user-1", tuple(new_events(2)), NO_STREAM),
            Append("user-2", tuple(new_events(1)), Exactly(0)),
            Append("user-1", tuple(new_events(1)), Exactly(2)),
        ]
        outcome = await database.store.append_all(appends)
        assert outcome.versions == {"user-1": 3, "user-2": 1}
        recorded = (await database.store.read_all()).events
        assert [event.event_id for event in recorded] == [e.event_id for append in appends for e in append.events]

    async def test_no_appends_are_no_error(self, database: Database) -> None:
        """Appending to no stream changes nothing and says so."""
        assert await database.store.append_all([]) == NOTHING_APPENDED
        assert await database.store.head() == 0

    async def test_an_append_without_events_is_refused(self, database: Database) -> None:
        """An append needs an event, and not too many."""
        with pytest.raises(PayloadError):
            await database.store.append("user-1", [])
        with pytest.raises(PayloadError):
            await database.store.append("user-1", new_events(MAX_EVENTS + 1))
        assert await database.store.head() == 0

    @pytest.mark.parametrize("stream", ["", "user", "user-", "User-1", "-1", "user-\n", "1user-1", "u-" + "x" * 254])
    async def test_a_bad_stream_name_is_refused(self, database: Database, stream: str) -> None:
        """A stream is named ``category-id``."""
        with pytest.raises(StreamNameError):
            await database.store.append(stream, new_events(1))

    async def test_the_same_append_again_gives_the_first_outcome(self, database: Database) -> None:
        """Events that are in the log are not recorded twice, whatever is expected of the stream now."""
        events = new_events(2)
        first = await database.store.append("user-1", events, NO_STREAM)
        await database.store.append("user-1", new_events(1))
        assert await database.store.append("user-1", events, NO_STREAM) == first
        assert await database.store.append("user-1", events, Exactly(7)) == first
        assert len(await database.store.read_stream("user-1")) == 3

    async def test_several_streams_again_give_the_first_outcome(self, database: Database) -> None:
        """A repeated append to several streams returns positions, versions and partitions of the first time."""
        appends = [Append("user-1", tuple(new_events(2)), NO_STREAM), Append("user-2", tuple(new_events(1)))]
        first = await database.store.append_all(appends)
        assert await database.store.append_all(appends) == first
        assert len((await database.store.read_all()).events) == 3

    async def test_an_event_id_with_other_content_is_refused(self, database: Database) -> None:
        """An id belongs to one stream, type and content."""
        event = new_event("user.created", "a:1", data=b'{"n":1}')
        await database.store.append("user-1", [event])
        others = [
            NewEvent(event.event_id, "user.renamed", 1, event.data, event.tags),
            NewEvent(event.event_id, event.type, 2, event.data, event.tags),
            NewEvent(event.event_id, event.type, 1, b'{"n":2}', event.tags),
            NewEvent(event.event_id, event.type, 1, event.data, ("a:2",)),
        ]
        for other in others:
            with pytest.raises(EventIdReusedError):
                await database.store.append("user-1", [other])
        with pytest.raises(EventIdReusedError):
            await database.store.append("user-2", [event])
        with pytest.raises(EventIdReusedError):
            await database.store.append("user-1", [event], tenant="acme")
        assert len((await database.store.read_all()).events) == 1

    async def test_a_partly_repeated_append_is_refused(self, database: Database) -> None:
        """Known and new ids in one append are an error, and nothing of it is recorded."""
        known, new = new_events(2)
        await database.store.append("user-1", [known])
        with pytest.raises(EventIdReusedError):
            await database.store.append("user-1", [known, new])
        with pytest.raises(EventIdReusedError):
            await database.store.append_all([Append("user-2", (new,)), Append("user-1", (known,))])
        assert len((await database.store.read_all()).events) == 1

    async def test_one_id_twice_in_one_append_is_refused(self, database: Database) -> None:
        """An append may not name an id twice."""
        event = new_event()
        with pytest.raises(EventIdReusedError):
            await database.store.append("user-1", [event, event])
        assert await database.store.head() == 0

    async def test_tenants_have_streams_of_their_own(self, database: Database) -> None:
        """Two tenants' streams of one name do not meet."""
        await database.store.append("user-1", new_events(2), NO_STREAM, tenant="acme")
        outcome = await database.store.append("user-1", new_events(1), NO_STREAM, tenant="umbrella")
        assert outcome.versions == {"user-1": 1}
        assert not await database.store.read_stream("user-1")
        assert [event.tenant for event in await database.store.read_stream("user-1", tenant="acme")] == ["acme"] * 2

    async def test_one_of_many_concurrent_appends_at_one_version_wins(self, database: Database) -> None:
        """Of appends that expect one version exactly one is recorded; the others learn the actual version."""
        await database.store.append("user-1", new_events(3))
        won, lost = await outcomes(database.store.append("user-1", new_events(1), Exactly(3)) for _ in range(20))
        assert [outcome.versions for outcome in won] == [{"user-1": 4}]
        assert [type(error) for error in lost] == [WrongExpectedVersionError] * 19
        assert {error.actual for error in lost if isinstance(error, WrongExpectedVersionError)} == {4}

    async def test_concurrent_appends_leave_no_gap(self, database: Database) -> None:
        """Side by side appends to one stream are recorded one after another, each with its own versions."""
        recorded, errors = await outcomes(database.store.append("user-1", new_events(2)) for _ in range(25))
        assert errors == []
        assert sorted(outcome.versions["user-1"] for outcome in recorded) == list(range(2, 51, 2))
        assert [event.version for event in await database.store.read_stream("user-1")] == list(range(1, 51))

    async def test_concurrent_repetitions_are_recorded_once(self, database: Database) -> None:
        """The same append sent several times at once is one append."""
        events = new_events(2)
        recorded, errors = await outcomes(database.store.append("user-1", events, NO_STREAM) for _ in range(8))
        assert errors == []
        assert [outcome == recorded[0] for outcome in recorded] == [True] * 8
        assert len((await database.store.read_all()).events) == 2

    async def test_a_cancelled_append_is_recorded_whole_or_not_at_all(self, database: Database) -> None:
        """Whenever an append is cancelled, all its streams have its events or none has, and the store goes on."""
        for turns in range(6):
            appends = [Append(f"user-{turns}", tuple(new_events(2))), Append(f"order-{turns}", tuple(new_events(2)))]
            task = asyncio.create_task(database.store.append_all(appends))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await database.store.append("other-1", new_events(1))
            lengths = [len(await database.store.read_stream(append.stream)) for append in appends]
            assert lengths in ([0, 0], [2, 2])
