"""What only PostgreSQL's sessions are asked: aborted transactions, cached plans, and what is left on the server."""

import asyncio
from collections.abc import Callable

import pytest

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.migrations import migrate
from duolog.adapters.postgres.read_session import PostgresReadSession
from duolog.adapters.postgres.statements import Statements
from duolog.adapters.postgres.view_session import PostgresViewSession
from duolog.adapters.postgres.views import prepare_view
from duolog.database.port import View
from duolog.errors import (
    ConstraintViolationError,
    DatabaseBusyError,
    HoldExpiredError,
    NotStartedError,
    StatementError,
    TimeLimitExceededError,
)
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from tests.integration.postgres.sessions_seen import states, until_running

MakeConnections = Callable[..., Connections]

HITS = View("hits", 1, {"hits": "CREATE TABLE hits (id TEXT PRIMARY KEY, count BIGINT NOT NULL)"})
INSERT = "INSERT INTO hits (id, count) VALUES (:id, :count)"
COUNT = "SELECT count(*) FROM hits"


@pytest.fixture
async def view(make_connections: MakeConnections) -> Connections:
    """A pool whose database has the view, empty."""
    connections = make_connections()
    await migrate(connections)
    await prepare_view(connections, HITS, None)
    await connections.fetch("TRUNCATE hits")
    await connections.fetch("UPDATE duolog.checkpoints SET position = 0, token = 0")
    return connections


async def test_a_failed_fetch_keeps_the_snapshot(view: Connections, statements: Statements) -> None:
    """The session goes on, and still sees what it saw first."""
    reader = PostgresReadSession(view, statements)
    assert await reader.fetch_value(COUNT) == 0
    await view.fetch("INSERT INTO hits VALUES ('a', 1)")
    for wrong in ("SELECT nothing FROM hits", "SELECT 1 / 0", "DELETE FROM hits"):
        with pytest.raises(Exception, match=r"nothing|zero|read"):
            await reader.fetch(wrong)
        assert await reader.fetch_value(COUNT) == 0
    await reader.close()


async def test_a_session_never_reads_in_the_snapshot_of_the_one_before(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """It has that one's connection, whose transaction has not been rolled back yet."""
    sessions = make_connections(most=1)
    for count in range(3):
        reader = PostgresReadSession(sessions, statements)
        assert await reader.fetch_value(COUNT) == count
        await view.fetch("INSERT INTO hits VALUES ($1, 1)", f"{count}")
        assert await reader.fetch_value(COUNT) == count
        await reader.close()


async def test_a_session_that_ends_gives_its_connection_back_at_once(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """Where nothing runs and nothing failed, nothing is left to be closed; otherwise `close` must see to it."""
    sessions = make_connections(most=1)
    reader, failed, other = (PostgresReadSession(sessions, statements) for _ in range(3))
    assert await reader.fetch_value(COUNT) == 0
    assert not reader.end()
    with pytest.raises(StatementError):
        await failed.fetch("SELECT nothing FROM hits")
    assert failed.end()
    await failed.close()
    assert await other.fetch_value(COUNT) == 0
    running = asyncio.create_task(other.fetch("SELECT pg_sleep(0.2)"))
    await until_running(view, "pg_sleep(0.2)")
    assert other.end()
    await other.close()
    assert len(await running) == 1


async def test_a_cancelled_fetch_ends_the_statement_and_leaves_no_transaction(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """The session may go on or be closed; the server keeps nothing of it."""
    sessions = make_connections(most=1)
    reader = PostgresReadSession(sessions, statements)
    assert await reader.fetch_value(COUNT) == 0
    await view.fetch("INSERT INTO hits VALUES ('a', 1)")
    task = asyncio.create_task(reader.fetch("SELECT pg_sleep(60)"))
    await until_running(view, "pg_sleep(60)")
    task.cancel()
    await asyncio.wait({task})
    assert await reader.fetch_value(COUNT) == 0
    task = asyncio.create_task(reader.fetch("SELECT pg_sleep(60)"))
    await until_running(view, "pg_sleep(60)")
    task.cancel()
    await asyncio.wait({task})
    await reader.close()
    assert await states(view) == ["idle"]


async def test_a_plan_that_breaks_is_made_again(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """A query whose table was made anew meanwhile runs once more, and nobody notices."""
    sessions = make_connections(most=1)
    for columns in ("id TEXT", "id TEXT, more INTEGER", "id UUID, more BIGINT"):
        await view.fetch("DROP TABLE IF EXISTS renewed")
        await view.fetch(f"CREATE TABLE renewed ({columns})")
        reader = PostgresReadSession(sessions, statements)
        assert await reader.fetch("SELECT * FROM renewed") == []
        assert await reader.fetch("SELECT * FROM renewed WHERE id = :id", {"id": f"{0:032x}"}) == []
        await reader.close()


async def test_a_time_limit_is_that_of_the_session(view: Connections, statements: Statements) -> None:
    """And the next session on the connection has none of it."""
    reader = PostgresReadSession(view, statements, seconds=0.05)
    with pytest.raises(TimeLimitExceededError) as slow:
        await reader.fetch("SELECT pg_sleep(60)")
    assert slow.value.seconds == 0.05
    await reader.close()
    reader = PostgresReadSession(view, statements)
    await reader.fetch("SELECT pg_sleep(0.1)")
    await reader.close()


async def test_a_session_whose_database_is_closed_says_so(view: Connections, statements: Statements) -> None:
    """Not that a connection is broken."""
    reader = PostgresReadSession(view, statements)
    await reader.fetch(COUNT)
    await view.close()
    with pytest.raises(NotStartedError):
        await reader.fetch(COUNT)
    await reader.close()


async def test_a_batch_goes_on_after_a_failed_fetch(view: Connections, statements: Statements) -> None:
    """What it wrote before is kept, and it can still write: a fetch runs in a savepoint."""
    session = PostgresViewSession(view, statements, Share("hits"))
    await session.execute(INSERT, {"id": "a", "count": 1})
    with pytest.raises(StatementError):
        await session.fetch("SELECT nothing FROM hits")
    assert await session.fetch_value(COUNT) == 1
    with pytest.raises(ConstraintViolationError):
        await session.execute_now(INSERT, {"id": "a", "count": 1})
    await session.execute(INSERT, {"id": "b", "count": 1})
    await session.commit(CheckpointMove(Share("hits"), 1, 0, 0, 7))
    assert [row["id"] for row in await view.fetch("SELECT id FROM hits ORDER BY id")] == ["a", "b"]


async def test_a_batch_locks_its_checkpoint_before_its_tables(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """So that two owners' batches wait for each other in one place, for as long as a lock may take."""
    impatient = make_connections("lock_timeout=50")
    first = PostgresViewSession(view, statements, Share("hits"))
    await first.execute(INSERT, {"id": "a", "count": 1})
    await first.flush()
    second = PostgresViewSession(impatient, statements, Share("hits"))
    await second.execute(INSERT, {"id": "b", "count": 1})
    with pytest.raises(DatabaseBusyError):
        await second.commit(CheckpointMove(Share("hits"), 1, 0, 0, 7))
    await first.commit(CheckpointMove(Share("hits"), 1, 0, 0, 7))
    assert [row["id"] for row in await view.fetch("SELECT id FROM hits")] == ["a"]


async def test_a_batch_that_waits_for_too_long_loses_its_hold(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """The server ends its transaction, and the error says that it is the handler's to do less."""
    short = make_connections("idle_in_transaction_timeout=50")
    session = PostgresViewSession(short, statements, Share("hits"))
    await session.execute(INSERT, {"id": "a", "count": 1})
    await session.flush()
    async with asyncio.timeout(20):
        while await states(view):  # noqa: ASYNC110 - the server does not tell by itself
            await asyncio.sleep(0.01)
    with pytest.raises(HoldExpiredError):
        await session.fetch(COUNT)
    await session.close()
    assert await view.fetch("SELECT id FROM hits") == []


async def test_a_cancelled_batch_leaves_no_transaction(
    make_connections: MakeConnections, view: Connections, statements: Statements
) -> None:
    """Wherever it is cancelled: its rows and its checkpoint are there both or neither."""
    sessions = make_connections(most=2)

    async def apply(number: int, position: int) -> None:
        session = PostgresViewSession(sessions, statements, Share("hits"))
        try:
            await session.execute(INSERT, {"id": f"{number}", "count": 1})
            await session.fetch(COUNT)
            await session.execute_now("UPDATE hits SET count = count + 1 WHERE id = :id", {"id": f"{number}"})
            await session.commit(CheckpointMove(Share("hits"), 1, 0, position, position + 1))
        finally:
            await session.close()

    for number in range(30):
        before = (await view.fetch("SELECT position FROM duolog.checkpoints"))[0]["position"]
        task = asyncio.create_task(apply(number, before))
        await asyncio.sleep(number * 0.0003)
        task.cancel()
        await asyncio.wait({task})
        assert set(await states(view)) <= {"idle"}
        after = (await view.fetch("SELECT position FROM duolog.checkpoints"))[0]["position"]
        rows = await view.fetch("SELECT 1 FROM hits WHERE id = $1", f"{number}")
        assert after - before == len(rows)


async def test_interleaved_statements_keep_their_order(view: Connections, statements: Statements) -> None:
    """Those of one text run together only where they stand together."""
    session = PostgresViewSession(view, statements, Share("hits"))
    for number in range(5):
        await session.execute(INSERT, {"id": "x", "count": number})
        await session.execute("UPDATE hits SET id = :new WHERE id = 'x'", {"new": f"{number}"})
    await session.commit(CheckpointMove(Share("hits"), 1, 0, 0, 7))
    assert (await view.fetch("SELECT count(*) AS all FROM hits"))[0]["all"] == 5
