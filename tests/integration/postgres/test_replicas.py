"""Queries that are answered by a streaming replica: never older than asked, and never failed by it."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from duolog import Application, Query
from duolog.adapters.postgres.replica import PostgresReplica
from duolog.adapters.postgres.replica_looks import ReplicaLook
from duolog.admin.doctor import diagnose
from duolog.database.examination import Level
from duolog.errors import ConfigurationError, NotAReplicaError
from duolog.testing import application
from duolog.testing.servers import PostgresReplica as ReplicaServer
from duolog.testing.servers import PostgresServer
from tests.integration.postgres.replicated_notes import (
    Count,
    CountBravely,
    CountCached,
    CountInlineNotes,
    CountKept,
    CountKeptBySession,
    CountNotes,
    CountStrictly,
    KeepNote,
    Pair,
    Pause,
    StreamNotes,
    WriteNote,
    notes,
    statuses,
    until_used,
)
from tests.unit.metering import Metering, metering

__all__ = ["metering"]

SESSIONS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
TABLE_QUERIES = [CountKept(), CountKeptBySession()]


@pytest.fixture
def pair(replicated_servers: tuple[PostgresServer, ReplicaServer], replicated_name: str) -> Iterator[Pair]:
    """An empty database with its replica, which replays again at last."""
    primary, replica = replicated_servers
    yield Pair(primary.url(replicated_name), replica.url(replicated_name), primary, replica)
    replica.resume_replay()


async def ask(app: Application, query: Query[Count], after: int | None = None) -> tuple[int, bool]:
    """Return what was answered, and whether a replica did."""
    count = await app.query(query, after=after)
    return count.total, count.by_replica


@pytest.mark.parametrize("query", [CountNotes(), CountInlineNotes(), CountCached(), CountStrictly()])
async def test_an_answer_after_a_position_has_it_whoever_gives_it(pair: Pair, query: Query[Count]) -> None:
    """A replica that lacks the position is passed over; one that has it answers."""
    async with pair.running() as app:
        assert await ask(app, query) == (0, True)
        pair.replica.pause_replay()
        written = await app.execute_with_receipt(WriteNote())
        assert await ask(app, query, written.position) == (1, False)
        pair.replica.resume_replay()
        pair.replica.catch_up()
        written = await app.execute_with_receipt(WriteNote())
        await app.query(CountNotes(), after=written.position)
        pair.replica.catch_up()
        assert await ask(app, query, written.position) == (2, True)


@pytest.mark.parametrize("query", TABLE_QUERIES)
async def test_tables_show_what_this_process_has_committed(pair: Pair, query: Query[Count]) -> None:
    """Without a position, as on the database itself: also what records no events."""
    async with pair.running() as app:
        assert await ask(app, query) == (0, True)
        pair.replica.pause_replay()
        await app.execute(KeepNote())
        assert await ask(app, query) == (1, False)
        pair.replica.resume_replay()
        pair.replica.catch_up()
        assert await ask(app, query) == (1, True)
        pair.replica.pause_replay()
        await app.execute(WriteNote())
        assert await ask(app, CountInlineNotes()) == (1, False)


async def test_a_query_that_asks_for_nothing_may_be_answered_as_it_was(pair: Pair) -> None:
    """Until somebody has waited for what is there now."""
    async with pair.running() as app:
        pair.replica.pause_replay()
        await app.execute(WriteNote())
        assert await ask(app, CountNotes()) == (0, True)
        await app.caught_up()
        assert await ask(app, CountNotes()) == (1, False)


@pytest.mark.parametrize("query", [CountCached(), CountStrictly()])
async def test_a_cached_answer_is_never_older_than_what_is_known_nor_kept_as_newer(
    pair: Pair, query: Query[Count]
) -> None:
    """What a replica answers enters the cache as what it is, and is served as long as the views are known to be so."""
    async with notes(pair.url) as writer, pair.running() as app:
        assert await ask(app, query) == (0, True)
        assert (await ask(app, query))[0] == 0
        pair.replica.pause_replay()
        await writer.execute(WriteNote())
        await writer.caught_up()
        await asyncio.sleep(0.25)  # its bound
        assert await ask(app, query) == (1, False)
        assert (await ask(app, query))[0] == 1


async def test_a_watched_query_is_asked_of_a_replica_only_when_that_has_the_change(pair: Pair) -> None:
    """Otherwise it would be asked again and again, until the replica has caught up."""
    async with pair.running() as app, aclosing(app.watch(CountNotes())) as answers:
        assert await anext(answers) == Count(0, by_replica=True)
        pair.replica.pause_replay()
        await app.execute(WriteNote())
        async with asyncio.timeout(10):
            later = await anext(answers)
        assert (later.total, later.by_replica) == (1, False)


async def test_a_stream_reads_the_database_itself(pair: Pair) -> None:
    """What it has handed over could not be taken back if a replica failed."""
    async with pair.running() as app:
        assert [item.by_replica async for item in app.stream(StreamNotes())] == [False]


@pytest.mark.parametrize("query", [CountNotes(), CountBravely()])
async def test_a_query_whose_replica_dies_in_the_middle_is_answered_elsewhere(pair: Pair, query: Query[Count]) -> None:
    """All of it, since another snapshot would not fit; nor is kept what a service has made of the failure."""
    pause = Pause()
    async with pair.running(pause=pause) as app:
        pause.first = True
        asked = asyncio.create_task(ask(app, query))
        await pause.reached.wait()
        pair.replica.kill()
        try:
            pause.may_go_on.set()
            assert await asked == (0, False)
            assert await ask(app, CountNotes()) == (0, False)
            assert not statuses(app)[0].is_used
        finally:
            pair.replica.start()
        await until_used(app)
        assert await ask(app, CountNotes()) == (0, True)


async def test_a_query_that_replay_cancels_is_answered_elsewhere(pair: Pair) -> None:
    """PostgreSQL ends what keeps a standby from replaying; the standby itself goes on to be used."""
    pause = Pause()
    async with pair.running(pause=pause) as app:
        pause.first = True
        asked = asyncio.create_task(ask(app, CountNotes()))
        await pause.reached.wait()
        pair.primary.databases.run_sql("ALTER TABLE notes ADD COLUMN more TEXT", database=pair.url.rpartition("/")[2])
        pair.replica.catch_up()
        pause.may_go_on.set()
        assert await asked == (0, False)
        await until_used(app)
        assert await ask(app, CountNotes()) == (0, True)


async def test_a_replica_that_answers_nothing_delays_a_query_and_fails_none(pair: Pair) -> None:
    """It is found out by looks with a time limit; what waits for it is cut off, and goes elsewhere."""
    async with pair.running() as app:
        assert await ask(app, CountNotes()) == (0, True)
        pids = [int(each) for each in pair.replica.databases.run_sql(SESSIONS).split()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        os.kill(pair.replica.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(8):
                assert [await ask(app, CountNotes()) for _ in range(3)] == [(0, False)] * 3
            assert not statuses(app)[0].is_used
        finally:
            for pid in (pair.replica.pid, *pids):
                os.kill(pid, signal.SIGCONT)
        await until_used(app)


async def test_a_replica_that_lags_gets_no_queries_until_it_has_caught_up(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """A primary that writes nothing lets none lag."""
    caplog.set_level("INFO", "duolog.replicas")
    async with pair.running(lag_seconds=0.3) as app:
        pair.replica.pause_replay()
        await app.execute(KeepNote())
        await until_used(app, is_used=False)
        assert "more than 0.3 s behind" in statuses(app)[0].trouble
        assert await ask(app, CountNotes()) == (0, False)
        pair.replica.resume_replay()
        await until_used(app)
        assert await ask(app, CountNotes()) == (0, True)
    texts = [record.getMessage() for record in caplog.records]
    assert any("is not used: it is more than 0.3 s behind" in text for text in texts)
    assert texts[-1].endswith("is used")


async def test_what_is_no_replica_of_this_log_is_refused(pair: Pair, postgres_url: str) -> None:
    """The primary itself, another server, and another database of the replica."""
    others = [pair.url, postgres_url, pair.replica.url("template1")]
    for url in others:
        with pytest.raises(NotAReplicaError, match="no replica of this database") as refused:
            async with notes(pair.url, pair.replica_url, url):
                pass
        assert "postgres:" not in str(refused.value)


async def test_who_is_refused_leaves_no_look_under_way(
    pair: Pair, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ended later would connect to a replica that nobody disconnects from."""
    look, looks = PostgresReplica.look, [0, 0]

    async def slowly(replica: PostgresReplica) -> ReplicaLook:
        looks[0] += 1
        await asyncio.sleep(0.1 if replica.name in pair.replica_url else 0)
        found = await look(replica)
        looks[1] += 1
        return found

    monkeypatch.setattr(PostgresReplica, "look", slowly)
    with pytest.raises(NotAReplicaError):
        await notes(pair.url, pair.replica_url, postgres_url).start()
    assert looks == [2, 2]


@pytest.mark.parametrize("url", ["memory://", "sqlite:///notes.db"])
def test_databases_without_replicas_say_so(url: str) -> None:
    """Before anything is opened."""
    with pytest.raises(ConfigurationError, match="has no replicas"):
        application(database=url, replicas=["postgresql://localhost/notes"])


def test_urls_of_replicas_are_checked(pair: Pair) -> None:
    """One server each, each once, in one schema."""
    several = pair.replica_url.replace("/test_", ",elsewhere:5432/test_")
    for urls in ([several], [pair.replica_url] * 2, [f"{pair.replica_url}?schema=other"]):
        with pytest.raises(ConfigurationError) as refused:
            notes(pair.url, *urls)
        assert "postgres:" not in str(refused.value)


async def test_an_application_starts_without_its_replica(pair: Pair) -> None:
    """Which is used as soon as it is there."""
    pair.replica.stop()
    try:
        async with notes(pair.url, pair.replica_url) as app:
            assert await ask(app, CountNotes()) == (0, False)
            pair.replica.start()
            pair.replica.catch_up()
            await until_used(app)
            assert await ask(app, CountNotes()) == (0, True)
    finally:
        pair.replica.start()


async def test_the_doctor_and_the_metrics_tell_how_replicas_are_doing(pair: Pair, metering: Metering) -> None:
    """The doctor looks itself; nobody gets to see a user or a password."""
    async with pair.running() as app:
        await ask(app, CountNotes())
        points = metering.points()
        name = statuses(app)[0].name
        assert name == f"127.0.0.1:{pair.replica.databases.port}/{pair.url.rpartition('/')[2]}"
        outcomes = {
            (each.attributes["duolog.replica"], each.attributes["duolog.outcome"]): each.value
            for each in points["duolog.replica.snapshots"]
        }
        assert outcomes[(name, "read")] > 0
        assert [each.value for each in points["duolog.replica.used"]] == [1]
        assert points["duolog.replica.lag"]
    examined = notes(pair.url, pair.replica_url)
    found = {each.subject: each for each in await diagnose(examined.database, replicas=examined.replicas)}
    assert found[f"replica {name}"].level is Level.WELL
    pair.replica.stop()
    try:
        examined = notes(pair.url, pair.replica_url)
        found = {each.subject: each for each in await diagnose(examined.database, replicas=examined.replicas)}
        assert found[f"replica {name}"].level is Level.FAULT
        assert "cannot be reached" in found[f"replica {name}"].found
    finally:
        pair.replica.start()


async def test_a_promoted_replica_is_used_no_more(pair: Pair) -> None:
    """It follows nobody, and may come to have another future."""
    with ReplicaServer(pair.primary) as other:
        async with notes(pair.url, other.url(pair.url.rpartition("/")[2])) as app:
            await app.caught_up()
            other.catch_up()
            await until_used(app)
            other.promote()
            await until_used(app, is_used=False)
            assert "follows no other server" in statuses(app)[0].trouble
            assert await ask(app, CountNotes()) == (0, False)
