"""Reading sessions and loans of the writer, cancelled and interrupted at any point."""

import asyncio
import random
import threading
import time
from collections.abc import Callable

import pytest

from duolog.adapters.sqlite import view_session
from duolog.adapters.sqlite.opened import MOST_SESSIONS, READING_THREADS
from duolog.database.port import Database, View
from duolog.errors import (
    DatabaseBusyError,
    DatabaseError,
    NotStartedError,
    ReadOnlyError,
    StatementError,
    TimeLimitExceededError,
)
from duolog.eventstore.appends import Append
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from duolog.tables.statements import Statement
from duolog.testing.contracts.samples import SECONDS, new_event
from duolog.write.sealed_work import SealedWork

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
TABLES = {"accounts": "CREATE TABLE accounts (id INTEGER PRIMARY KEY)"}
VIEW = View("accounts_view", 1, {"accounts_view": "CREATE TABLE accounts_view (id INTEGER PRIMARY KEY)"})


def insertion(key: int) -> Statement:
    return Statement("INSERT INTO accounts (id) VALUES (:id)", {"id": key})


@pytest.fixture
async def tables(database: Database) -> Database:
    await database.create_tables(TABLES)
    await database.prepare_view(VIEW)
    return database


async def every_connection_is_free(database: Database) -> None:
    async with asyncio.timeout(SECONDS):
        sessions = [database.open_reader() for _ in range(MOST_SESSIONS)]
        for session in sessions:
            await session.fetch_value("SELECT 1")
        for session in sessions:
            await session.close()


# --- reading --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sql", ["INSERT INTO accounts (id) VALUES (1)", "DELETE FROM duolog_events"])
async def test_the_database_itself_refuses_writes_of_readers(tables: Database, sql: str) -> None:
    reader = tables.open_reader()
    with pytest.raises(ReadOnlyError):
        await reader.fetch(sql)
    await reader.close()


@pytest.mark.parametrize("sql", ["PRAGMA query_only = OFF", "ATTACH ':memory:' AS other", "COMMIT", "/* x */ rollback"])
async def test_a_reader_keeps_its_connection_as_it_is(tables: Database, sql: str) -> None:
    reader = tables.open_reader()
    with pytest.raises(StatementError):
        await reader.fetch(sql)
    await reader.close()


async def test_a_statement_has_a_time_limit_and_the_session_goes_on(tables: Database) -> None:
    reader = tables.open_reader(seconds=0.05)
    with pytest.raises(TimeLimitExceededError):
        await reader.fetch_value(ENDLESS)
    assert await reader.fetch_value("SELECT count(*) FROM accounts") == 0
    await reader.close()


async def test_a_cancelled_fetch_stops_at_once(tables: Database) -> None:
    reader = tables.open_reader()
    fetching = asyncio.create_task(reader.fetch_value(ENDLESS))
    await asyncio.sleep(0.05)
    fetching.cancel()
    async with asyncio.timeout(SECONDS):
        await asyncio.wait({fetching})
    assert fetching.cancelled()
    await reader.close()
    await every_connection_is_free(tables)


async def test_closing_interrupts_what_still_reads(tables: Database) -> None:
    reader = tables.open_reader()
    fetching = asyncio.create_task(reader.fetch_value(ENDLESS))
    await asyncio.sleep(0.05)
    async with asyncio.timeout(SECONDS):
        await tables.close()
        with pytest.raises(DatabaseError):
            await fetching
    await reader.close()
    with pytest.raises(NotStartedError):
        await reader.fetch_value("SELECT 1")


async def test_scopes_that_read_the_log_inside_their_snapshot_do_not_wait_for_each_other(tables: Database) -> None:
    everybody = asyncio.Barrier(MOST_SESSIONS)

    async def scope() -> None:
        reader = tables.open_reader()
        await reader.fetch_value("SELECT 1")
        await everybody.wait()
        await tables.store.read_stream("user-1")
        await reader.close()

    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*(scope() for _ in range(MOST_SESSIONS)))


# --- cancelled anywhere ---------------------------------------------------------------------------------------


async def work_of_all_kinds(database: Database, key: int) -> None:
    reader = database.open_reader()
    try:
        await reader.fetch_value("SELECT count(*) FROM accounts")
        await database.store.read_all()
        await database.store.append(f"user-{key}", [new_event()])
        await reader.fetch("SELECT id FROM accounts")
    finally:
        await reader.close()
    writer = await database.committer.hold_writer(seconds=SECONDS)
    try:
        await writer.run(insertion(key))
        await writer.fetch("SELECT id FROM accounts")
        await writer.commit(SealedWork("", (), (Append(f"held-{key}", (new_event(),)),)))
    finally:
        await writer.close()
    view = database.open_view(VIEW)
    try:
        await view.execute("INSERT INTO accounts_view (id) VALUES (:id)", {"id": key})
        await view.fetch("SELECT id FROM accounts_view")
    finally:
        await view.close()


@pytest.mark.parametrize("seed", range(3))
async def test_cancelling_anywhere_leaks_nothing(tables: Database, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets

    async def doomed(key: int) -> None:
        working = asyncio.create_task(work_of_all_kinds(tables, key))
        await asyncio.sleep(chance.random() * 0.05)
        working.cancel()
        await asyncio.wait({working})

    async with asyncio.timeout(SECONDS):
        for round_ in range(5):
            await asyncio.gather(*(doomed(seed * 1_000 + round_ * 100 + number) for number in range(20)))
        await work_of_all_kinds(tables, 10_000)
    await every_connection_is_free(tables)
    reader = tables.open_reader()
    accounts = {row["id"] for row in await reader.fetch("SELECT id FROM accounts")}
    await reader.close()
    held = {event.stream for event in (await tables.store.read_all()).events if event.stream.startswith("held-")}
    assert held == {f"held-{key}" for key in accounts}, "a row without its event, or an event without its row"


# --- holding the writer ---------------------------------------------------------------------------------------


async def test_others_wait_while_the_writer_is_held(tables: Database) -> None:
    writer = await tables.committer.hold_writer(seconds=SECONDS)
    await writer.run(insertion(1))
    waiting = asyncio.create_task(tables.store.append("user-1", [new_event()]))
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done
    await writer.close()
    assert (await waiting).position == 1


async def test_a_statement_that_outlasts_the_loan_is_stopped(tables: Database) -> None:
    writer = await tables.committer.hold_writer(seconds=0.1)
    begun = time.monotonic()
    with pytest.raises(DatabaseBusyError):
        await writer.fetch_value(ENDLESS)
    assert time.monotonic() - begun < SECONDS / 2
    await writer.close()
    assert (await tables.store.append("user-1", [new_event()])).position == 1


async def test_a_cancelled_holder_frees_the_writer_in_the_middle_of_a_statement(tables: Database) -> None:
    writer = await tables.committer.hold_writer(seconds=SECONDS)
    fetching = asyncio.create_task(writer.fetch_value(ENDLESS))
    await asyncio.sleep(0.05)
    fetching.cancel()
    await asyncio.wait({fetching})
    await writer.close()
    async with asyncio.timeout(SECONDS / 2):
        await tables.store.append("user-1", [new_event()])


async def test_a_held_writer_reads_without_writing(tables: Database) -> None:
    writer = await tables.committer.hold_writer(seconds=SECONDS)
    with pytest.raises(ReadOnlyError):
        await writer.fetch("INSERT INTO accounts (id) VALUES (1) RETURNING id")
    assert await writer.run(insertion(1)) == 1
    await writer.commit(SealedWork())
    await writer.close()


async def test_the_same_unit_again_undoes_what_the_loan_repeated(tables: Database) -> None:
    work = SealedWork("", (), (Append("user-1", (new_event(),)),))
    counting = Statement("INSERT INTO accounts (id) SELECT count(*) FROM accounts")
    outcomes = list[int]()
    for _ in range(2):
        writer = await tables.committer.hold_writer(seconds=SECONDS)
        await writer.run(counting)
        outcomes.append((await writer.commit(work)).position)
        await writer.close()
    assert outcomes == [1, 1]
    reader = tables.open_reader()
    assert await reader.fetch_value("SELECT count(*) FROM accounts") == 1
    await reader.close()


async def test_a_batch_that_holds_the_writer_for_too_long_is_rolled_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_session, "HELD_SECONDS", 0.1)
    await database.prepare_view(VIEW)
    async with asyncio.timeout(SECONDS):
        session = database.open_view(VIEW)
        await session.execute("INSERT INTO accounts_view (id) VALUES (1)")
        await session.flush()
        with pytest.raises(DatabaseBusyError):
            await session.fetch_value(ENDLESS)
        with pytest.raises(DatabaseBusyError):
            await session.commit(CheckpointMove(Share("accounts_view"), 1, 0, 0, 7))
        await session.close()
    (checkpoint,) = await database.checkpoints.read("accounts_view")
    assert checkpoint.position == 0


async def test_slow_queries_do_not_stop_those_who_read_the_log(database: Database) -> None:
    sessions = [database.open_reader() for _ in range(2 * READING_THREADS)]
    slow = [asyncio.ensure_future(session.fetch_value(ENDLESS)) for session in sessions]
    await asyncio.sleep(0.05)
    async with asyncio.timeout(SECONDS):
        await database.store.append("user-1", [new_event()])
        assert len(await database.store.read_stream("user-1")) == 1
        page = await anext(aiter(database.store.subscribe()))
        assert len(page.events) == 1
    for query in slow:
        query.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    for session in sessions:
        await session.close()


async def test_a_session_that_outlives_the_database_is_refused(database: Database) -> None:
    session = database.open_reader()
    await session.fetch_value("SELECT 1")
    await database.close()
    with pytest.raises(NotStartedError):
        await session.fetch_value("SELECT 1")
    await session.close()


# --- following ------------------------------------------------------------------------------------------------


async def test_nobody_polls_when_nobody_waits(database: Database) -> None:
    followers = [asyncio.ensure_future(anext(aiter(database.store.subscribe()))) for _ in range(5)]
    await asyncio.sleep(0.1)
    pollers = [task for task in asyncio.all_tasks() if task.get_name() == "duolog-sqlite-tail"]
    assert len(pollers) == 1
    await database.store.append("user-1", [new_event()])
    async with asyncio.timeout(SECONDS):
        await asyncio.gather(*followers)
        await asyncio.wait(pollers)


async def test_followers_are_sent_away_when_the_database_closes(database: Database) -> None:
    following = asyncio.ensure_future(anext(aiter(database.store.subscribe())))
    await asyncio.sleep(0.05)
    await database.close()
    with pytest.raises(NotStartedError):
        await following


async def test_closing_ends_every_thread(make_database: Callable[..., Database]) -> None:
    before = set(threading.enumerate())
    database = make_database()
    await database.open()
    await database.store.append("user-1", [new_event()])
    await database.store.head()
    await database.close()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not {name for name in left if name.startswith("duolog")}
