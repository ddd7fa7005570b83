"""Many commits in one transaction: what each of them gets, within a process and between two."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import asyncpg
import pytest

from duolog.adapters.postgres.append_call import AppendCalls
from duolog.adapters.postgres.boundary_reads import HORIZON_SECONDS
from duolog.adapters.postgres.commits import plan_commit
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.errors import AppendConditionFailedError, ConflictError, StatementError, WrongExpectedVersionError
from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import EventQuery, QueryItem
from duolog.eventstore.expectations import ANY_VERSION, NO_STREAM, STREAM_EXISTS, Exactly, ExpectedVersion
from duolog.messages.envelope import NewEvent
from duolog.testing.contracts.samples import SECONDS, followed, new_event, new_events, outcomes, stays_pending
from duolog.write.sealed_work import SealedWork
from tests.integration.postgres.logs import opened, session

LISTENERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""


@pytest.fixture
def url(fresh_postgres_url: str) -> str:
    return fresh_postgres_url


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    async with opened(url) as database:
        yield database


@pytest.fixture
async def other(url: str, database: PostgresDatabase) -> AsyncIterator[PostgresDatabase]:  # noqa: ARG001 - it migrates
    async with opened(url) as other:
        yield other


async def test_positions_follow_arrival_and_versions(database: PostgresDatabase) -> None:
    """Commits that are sent together are recorded in the order in which they came."""
    recorded = await asyncio.gather(*(database.store.append(f"user-{n % 7}", new_events(2)) for n in range(40)))
    assert all(outcome.position > outcome.first_position for outcome in recorded)
    for stream in range(7):
        events = await database.store.read_stream(f"user-{stream}")
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        assert all(one.position < two.position for one, two in pairwise(events))


async def test_what_the_server_cannot_store_fails_alone(database: PostgresDatabase) -> None:
    """A payload that is no JSON spoils the batch's transaction, but not its neighbours."""
    bad = NewEvent(new_event().event_id, "thing.happened", 1, b"{not json")
    calls = [database.store.append(f"user-{n}", [bad] if n == 3 else new_events(1)) for n in range(8)]
    recorded, errors = await outcomes(calls)
    assert (len(recorded), [type(error) for error in errors]) == (7, [StatementError])
    assert len((await database.store.read_all()).events) == 7


async def test_a_cancelled_waiter_harms_nobody(database: PostgresDatabase) -> None:
    """Of commits that were gathered together one is cancelled: the others are recorded."""
    tasks = [asyncio.create_task(database.store.append(f"user-{n}", new_events(2))) for n in range(12)]
    await asyncio.sleep(0)
    for task in tasks[::3]:
        task.cancel()
    await asyncio.wait(tasks)
    lengths = [len(await database.store.read_stream(f"user-{n}")) for n in range(12)]
    assert set(lengths[::3]) <= {0, 2}
    assert [length for n, length in enumerate(lengths) if n % 3] == [2] * 8


async def test_a_chain_on_one_stream_is_decided_in_order(database: PostgresDatabase) -> None:
    """Appends that each expect what the one before leaves behind all succeed, though they are sent at once."""
    chain = [database.store.append("user-1", new_events(1), Exactly(n)) for n in range(20)]
    recorded, errors = await outcomes(chain)
    assert errors == []
    assert [outcome.versions["user-1"] for outcome in recorded] == list(range(1, 21))


async def test_two_processes_share_a_hot_stream(database: PostgresDatabase, other: PostgresDatabase) -> None:
    """Appends that do not mind the version all get in, without a gap, whoever else is appending."""
    stores = (database.store, other.store)
    recorded, errors = await outcomes(stores[n % 2].append("user-1", new_events(1 + n % 3)) for n in range(60))
    assert errors == []
    events = await database.store.read_stream("user-1")
    assert [event.version for event in events] == list(range(1, 121))
    assert all(one.position < two.position for one, two in pairwise(events))
    assert len({outcome.versions["user-1"] for outcome in recorded}) == 60


async def test_two_processes_fight_for_versions(database: PostgresDatabase, other: PostgresDatabase) -> None:
    """Of the appends of two processes that expect one version, one is recorded, and nothing of the others."""
    for version in range(0, 20, 2):
        appends = [Append("user-1", tuple(new_events(2)), Exactly(version)), Append(f"note-{version}", (new_event(),))]
        fresh = [
            [Append(each.stream, tuple(new_events(len(each.events))), each.expected) for each in appends]
            for _ in range(8)
        ]
        stores = (database.store, other.store)
        recorded, errors = await outcomes(stores[n % 2].append_all(each) for n, each in enumerate(fresh))
        assert len(recorded) == 1
        assert [type(error) for error in errors] == [WrongExpectedVersionError] * 7
        assert len(await database.store.read_stream(f"note-{version}")) == 1


async def test_opposite_orders_of_streams_do_not_deadlock(database: PostgresDatabase, other: PostgresDatabase) -> None:
    """Rows are locked in one order, in whatever order a batch names its streams."""
    names = [f"user-{n}" for n in range(10)]

    async def write(store: PostgresDatabase, streams: list[str]) -> None:
        for _ in range(10):
            await store.store.append_all([Append(stream, tuple(new_events(1))) for stream in streams])

    await asyncio.gather(write(database, names), write(other, names[::-1]))
    assert {len(await database.store.read_stream(name)) for name in names} == {20}


async def test_two_processes_share_a_boundary(database: PostgresDatabase, other: PostgresDatabase) -> None:
    """Of decisions on one boundary that two processes take at once, those that are recorded saw each other."""
    query = EventQuery((QueryItem(tags=("seat:1",)),))

    async def book(place: PostgresDatabase, number: int) -> int:
        boundary = await place.store.read_boundary(query)
        free = len(boundary.events) < 5
        if free:
            event = new_event("seat.booked", "seat:1")
            await place.store.append(f"booking-{number}", [event], NO_STREAM, condition=boundary.condition)
        return free

    while len((await database.store.read_boundary(query)).events) < 5:
        numbers = range(int((await database.store.head()) * 100), int((await database.store.head()) * 100) + 16)
        _, errors = await outcomes(book((database, other)[n % 2], n) for n in numbers)
        assert all(isinstance(error, ConflictError) for error in errors)
    assert len((await database.store.read_boundary(query)).events) == 5


@pytest.mark.parametrize(
    "item",
    [
        QueryItem(tags=("a:1", "b:2")),
        QueryItem(("thing.happened",)),
        QueryItem(("thing.happened",), ("b:2",)),
        QueryItem(),
    ],
)
async def test_a_condition_waits_for_who_is_writing_inside_it(
    url: str, database: PostgresDatabase, item: QueryItem
) -> None:
    """An event that is not committed yet cannot slip under a decision, whichever keys stand for its boundary."""
    boundary = await database.store.read_boundary(EventQuery((item,)))
    event = new_event("thing.happened", "a:1", "b:2")
    commit = plan_commit(SealedWork(appends=(Append("slow-1", (event,)),)))
    async with session(url) as slow:
        await slow.execute("BEGIN")
        await AppendCalls("duolog").send(slow, (commit,))
        with pytest.raises(ConflictError):
            await database.store.append("user-1", new_events(1), condition=boundary.condition)
        appending = asyncio.create_task(database.store.append("user-1", new_events(1), condition=boundary.condition))
        assert await stays_pending(appending)
        await slow.execute("COMMIT")
        with pytest.raises(AppendConditionFailedError):
            await appending


async def test_appends_without_conditions_do_not_wait_for_each_other(url: str, database: PostgresDatabase) -> None:
    """An open transaction holds back nobody who writes events of the same type with the same tags."""
    event = new_event("thing.happened", "a:1")
    async with session(url) as slow:
        await slow.execute("BEGIN")
        await AppendCalls("duolog").send(slow, (plan_commit(SealedWork(appends=(Append("slow-1", (event,)),))),))
        async with asyncio.timeout(SECONDS):
            await database.store.append("user-1", [new_event("thing.happened", "a:1")])


async def test_a_condition_refuses_a_snapshot_of_before_its_locks(url: str, database: PostgresDatabase) -> None:
    """In REPEATABLE READ it could not see what was committed while it waited."""
    boundary = await database.store.read_boundary(EventQuery((QueryItem(tags=("a:1",)),)))
    commit = plan_commit(SealedWork(conditions=(boundary.condition,)))
    async with session(url) as own:
        await own.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(asyncpg.FeatureNotSupportedError):
            await AppendCalls("duolog").send(own, (commit,))


@pytest.mark.parametrize("events", [(1,), (2,), (1, 1)], ids=["one event", "one commit", "several single events"])
async def test_whoever_appends_waits_for_the_disk_and_does_not_idle(
    url: str,
    database: PostgresDatabase,  # noqa: ARG001 - it migrates
    events: Sequence[int],
) -> None:
    """A transaction that appends is durable and ends soon, whatever the session says; others stay as they are."""
    commits = [
        plan_commit(SealedWork(appends=(Append(f"user-{number}", tuple(new_events(count))),)))
        for number, count in enumerate(events)
    ]
    async with session(url) as own:
        await own.execute("SET synchronous_commit = off; SET idle_in_transaction_session_timeout = '1min'; BEGIN")
        await AppendCalls("duolog").send(own, commits)
        assert await own.fetchval("SHOW synchronous_commit") == "on"
        assert await own.fetchval("SHOW idle_in_transaction_session_timeout") == "5s"
        await own.execute("COMMIT")
        assert await own.fetchval("SHOW synchronous_commit") == "off"
        await own.execute("SET idle_in_transaction_session_timeout = '1s'; BEGIN")
        again = [plan_commit(SealedWork(appends=(Append("note-1", (new_event(),)),))) for _ in events]
        await AppendCalls("duolog").send(own, again[:1])
        assert await own.fetchval("SHOW idle_in_transaction_session_timeout") == "1s"
        await own.execute("ROLLBACK")


async def test_single_events_of_one_batch_are_decided_each_for_itself(
    url: str, database: PostgresDatabase, other: PostgresDatabase
) -> None:
    """Of single events that are sent at once those that are as expected are recorded, in order, with their tags."""
    await other.store.append("user-3", new_events(2), tenant="north")
    expectations: list[ExpectedVersion] = [NO_STREAM, Exactly(7), ANY_VERSION, STREAM_EXISTS, NO_STREAM, STREAM_EXISTS]
    appends = [
        Append(f"user-{number}", (new_event("thing.happened", 'b:"2', "c:3"),), expected)
        for number, expected in reversed(list(enumerate(expectations)))
    ]
    commits = [plan_commit(SealedWork(tenant="north", appends=(append,))) for append in appends]
    async with session(url) as own:
        decisions = await AppendCalls("duolog").send(own, commits)
    assert [bool(each.appended.position) for each in decisions] == [False, True, True, True, False, True]
    assert [each.heads for each in decisions][2:4] == [{"user-3": 2}, {"user-2": 0}]
    recorded = (await database.store.read_all(after=2)).events
    assert [event.stream for event in recorded] == ["user-4", "user-3", "user-2", "user-0"]
    assert [event.version for event in recorded] == [1, 3, 1, 1]
    assert [event.position for event in recorded] == [each.appended.position for each in decisions if each.positions]
    tagged = await database.store.read_boundary(EventQuery((QueryItem(tags=('b:"2',)),)), tenant="north")
    assert list(tagged.events) == recorded


async def test_two_processes_race_with_single_events(database: PostgresDatabase, other: PostgresDatabase) -> None:
    """Who loses the race for a stream with a batch of single events loses nothing else."""
    stores = (database.store, other.store)
    for number in range(20):
        recorded, errors = await outcomes(
            stores[n % 2].append(f"user-{number}-{n // 2}", new_events(1), NO_STREAM) for n in range(32)
        )
        assert (len(recorded), {type(error) for error in errors}) == (16, {WrongExpectedVersionError})
    assert len((await database.store.read_all()).events) == 320


async def test_a_boundary_that_was_read_before_is_read_as_it_is_now(
    database: PostgresDatabase, other: PostgresDatabase
) -> None:
    """What is settled of it is remembered; what was recorded since is seen, whoever recorded it."""
    items = [QueryItem(tags=("a:1",)), QueryItem(("thing.happened",), ("a:1", "b:2")), QueryItem(("thing.happened",))]
    for number in range(12):
        store = (database.store, other.store)[number % 2]
        await store.append(f"user-{number}", [new_event("thing.happened", "a:1", "b:2")])
        if number % 4 == 3:
            await database.store.read_all()  # settles
            await asyncio.sleep(HORIZON_SECONDS)
        for item in items:
            boundary = await database.store.read_boundary(EventQuery((item,)))
            assert [event.stream for event in boundary.events] == [f"user-{n}" for n in range(number + 1)]
    stale = (await database.store.read_boundary(EventQuery((items[0],)))).condition
    await other.store.append("user-99", [new_event("thing.happened", "a:1", "b:2")])
    with pytest.raises(AppendConditionFailedError):
        await database.store.append("user-100", new_events(1), condition=stale)


async def test_other_processes_wake_a_subscriber(url: str, database: PostgresDatabase, other: PostgresDatabase) -> None:
    """What another process appends arrives, also after the connection that listens was ended."""
    async with session(url) as killer:
        for number in range(3):
            after = await database.store.head()
            waiting = asyncio.create_task(followed(database.store.subscribe(after=after), events=1))
            assert await stays_pending(waiting)
            await killer.execute(LISTENERS)
            await other.store.append(f"user-{number}", new_events(1))
            assert len(await waiting) == 1
