"""What a snapshot of a replica is looked at for: each thing that it may lack, alone."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from duolog.adapters.postgres import open_database
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.adapters.postgres.replica_looks import PrimaryLook, ReplicaLook, WrittenPlaces
from duolog.database.replicas import ReplicaPace, Replicas
from duolog.dispatch.context import MessageContext, ScopeKind
from duolog.read.caching.known_views import NEVER, KnownViews
from duolog.read.caching.snapshot_views import read_views
from duolog.read.read_scope import ReadScope
from duolog.tables.replica_snapshots import SnapshotNeed
from duolog.tables.view_changes import ViewVersion
from duolog.testing.contracts.contract_view import INSERT, SELECT, VIEW, insert_row, moved, parked_event
from duolog.testing.contracts.samples import new_event
from duolog.testing.servers import PostgresReplica, PostgresServer

NAME = VIEW.subscription


@pytest.fixture
async def database(
    replicated_servers: tuple[PostgresServer, PostgresReplica], replicated_name: str
) -> AsyncIterator[PostgresDatabase]:
    primary, _ = replicated_servers
    database = open_database(primary.url(replicated_name))
    await database.open()
    await database.prepare_view(VIEW)
    yield database
    await database.close()


@pytest.fixture
def replica(replicated_servers: tuple[PostgresServer, PostgresReplica]) -> Iterator[PostgresReplica]:
    """The replica, which replays again at last."""
    _, replica = replicated_servers
    yield replica
    replica.resume_replay()


@pytest.fixture
async def replicas(
    database: PostgresDatabase, replica: PostgresReplica, replicated_name: str
) -> AsyncIterator[Replicas]:
    replica.catch_up()
    replicas = database.make_replicas([replica.url(replicated_name)], ReplicaPace(lag_seconds=60, look_seconds=60))
    await replicas.open()
    replica.catch_up()
    yield replicas
    await replicas.close()


async def is_shown(replicas: Replicas, need: SnapshotNeed) -> bool:
    """Tell whether the replica had what was needed, so that it was read."""
    session = replicas.open_reader(need)
    try:
        await session.fetch(SELECT)
        return session.is_behind
    finally:
        await session.close()


async def append(database: PostgresDatabase) -> int:
    return (await database.store.append("thing-1", [new_event()])).position


async def version_of(database: PostgresDatabase) -> ViewVersion:
    return (await database.view_changes([NAME]))[NAME].version


async def test_an_event_that_is_not_shown_yet(
    database: PostgresDatabase, replica: PostgresReplica, replicas: Replicas
) -> None:
    """Ordinary tables and inline views that changed with it are not, either."""
    replica.pause_replay()
    position = await append(database)
    assert not await is_shown(replicas, SnapshotNeed(last=position))
    assert await is_shown(replicas, SnapshotNeed())
    replica.resume_replay()
    replica.catch_up()
    assert await is_shown(replicas, SnapshotNeed(last=position))


async def test_a_position_without_an_event_is_there_once_the_log_is_settled_beyond(
    replicated_servers: tuple[PostgresServer, PostgresReplica],
    replica: PostgresReplica,
    replicas: Replicas,
    replicated_name: str,
) -> None:
    """It will never be filled."""
    assert not await is_shown(replicas, SnapshotNeed(last=7))
    replicated_servers[0].databases.run_sql("SELECT duolog.raise_horizon(7)", database=replicated_name)
    replica.catch_up()
    assert await is_shown(replicas, SnapshotNeed(last=7))


async def test_a_view_that_has_not_applied_an_event_that_is_shown(
    database: PostgresDatabase, replica: PostgresReplica, replicas: Replicas
) -> None:
    """Where its primary's view has, and where that is not replayed yet."""
    position = await append(database)
    replica.catch_up()
    need = SnapshotNeed(views=(NAME,), last=position)
    assert not await is_shown(replicas, need)
    replica.pause_replay()
    await insert_row(database, "a", moved(0, position))
    assert not await is_shown(replicas, need)
    replica.resume_replay()
    replica.catch_up()
    assert await is_shown(replicas, need)


async def test_an_event_that_was_parked_there_and_is_applied_by_now(
    database: PostgresDatabase, replica: PostgresReplica, replicas: Replicas
) -> None:
    """The primary says that it is applied, and the view's position is beyond it on both."""
    position = await append(database)
    session = database.open_view(VIEW)
    await session.commit(moved(0, position), [parked_event(position)])
    replica.catch_up()
    replica.pause_replay()
    retry = database.open_view(VIEW)
    await retry.execute(INSERT, {"id": "a", "hits": 1})
    await retry.commit(moved(position, position), unparked=[position])
    need = SnapshotNeed(views=(NAME,), first=position, last=position)
    assert not await is_shown(replicas, need)
    replica.resume_replay()
    replica.catch_up()
    assert await is_shown(replicas, need)


async def test_a_view_that_has_come_less_far_than_is_known(
    database: PostgresDatabase, replica: PostgresReplica, replicas: Replicas
) -> None:
    """Its position alone would not tell: a parked event that is applied later moves none."""
    await insert_row(database, "a", moved(0, 5))
    replica.catch_up()
    replica.pause_replay()
    await insert_row(database, "b", moved(5, 5))
    need = SnapshotNeed(versions={NAME: await version_of(database)})
    assert not await is_shown(replicas, need)
    replica.resume_replay()
    replica.catch_up()
    assert await is_shown(replicas, need)
    assert await is_shown(replicas, SnapshotNeed(versions={"never_ran": (0, 0, 0)}))
    assert not await is_shown(replicas, SnapshotNeed(versions={"never_ran": (1, 1, 1)}))


async def test_what_the_snapshot_was_looked_at_for_is_told_without_another_look(
    database: PostgresDatabase, replica: PostgresReplica, replicas: Replicas
) -> None:
    """And is what its rows show, whatever comes later."""
    await insert_row(database, "a", moved(0, 5))
    replica.catch_up()
    version = await version_of(database)
    session = replicas.open_reader(SnapshotNeed(versions={NAME: version}))
    assert (await session.view_changes([NAME]))[NAME].version == version
    await insert_row(database, "b", moved(5, 6))
    replica.catch_up()
    assert [row["id"] for row in await session.fetch(SELECT)] == ["a"]
    assert (await session.view_changes([NAME]))[NAME].version == version
    assert session.is_behind
    await session.close()


async def test_what_a_replica_shows_says_nothing_of_how_far_views_are(
    database: PostgresDatabase, replica: PostgresReplica, replicas: Replicas
) -> None:
    """It is heard of, and no look at them."""
    await insert_row(database, "a", moved(0, 5))
    replica.catch_up()
    shown = await version_of(database)
    replica.pause_replay()
    await insert_row(database, "b", moved(5, 6))
    known, context = KnownViews(database), MessageContext(None, ScopeKind.QUERY)
    scope = ReadScope(database.open_reader, replicas.open_reader, SnapshotNeed())
    context.put(ReadScope, scope)
    views = await read_views(context, (NAME,), known)
    assert scope.is_behind
    assert views is not None
    assert views.versions == (shown,)
    assert known.of(NAME).version == shown
    assert known.of(NAME).as_of == NEVER
    await scope.session.close()


async def test_sessions_that_wait_for_nobody_go_elsewhere_when_a_replica_has_no_connection_free(
    database: PostgresDatabase, replica: PostgresReplica, replicated_name: str
) -> None:
    """Two connections, three sessions."""
    url = f"{replica.url(replicated_name)}?pool_max=2"
    replica.catch_up()
    replicas = database.make_replicas([url], ReplicaPace(lag_seconds=60, look_seconds=60))
    await replicas.open()
    replica.catch_up()
    sessions = [replicas.open_reader(SnapshotNeed()) for _ in range(3)]
    for session in sessions:
        await session.fetch(SELECT)
    assert [session.is_behind for session in sessions] == [True, True, False]
    for session in sessions:
        await session.close()
    await replicas.close()


LOOK = ReplicaLook(follows=True, system="1", timeline=1, database=5, log_id="a", lsn=100, since=9.0)
PRIMARY = PrimaryLook(system="1", timeline=1, database=5, log_id="a", lsn=100)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"log_id": ""}, ""),  # not replayed yet
        ({"follows": False}, "follows no other server"),
        ({"system": "2"}, "a copy of another server"),
        ({"timeline": 2}, "follows a server that took over"),
        ({"database": 6}, "another log"),
        ({"log_id": "b"}, "another log"),
    ],
)
def test_what_makes_a_server_no_replica_of_this_log(change: dict[str, object], reason: str) -> None:
    misfit = replace(LOOK, **change).misfit(PRIMARY)  # type: ignore[arg-type]
    assert reason in misfit
    assert bool(misfit) is bool(reason)


def test_lag_is_for_how_long_something_has_been_lacking() -> None:
    """By this process's clock; what the primary does not write cannot be lacking."""
    places = WrittenPlaces(seconds=10)
    assert places.lag(LOOK, 0.0) is None
    for at in range(100):
        places.note(float(at), 100)
    assert places.lag(LOOK, 99.5) == 0.0
    places.note(100.0, 200)
    places.note(101.0, 300)
    assert places.lag(LOOK, 101.5) == 2.5  # at 99 it had everything
    assert places.lag(replace(LOOK, lsn=250), 101.5) == 1.5
    assert places.lag(replace(LOOK, lsn=300), 101.5) == 0.0
    assert places.lag(replace(LOOK, lsn=50), 101.5) == 10.5  # longer than is remembered
    assert places.lag(replace(LOOK, lsn=50, since=70.0), 101.5) == 70.0
