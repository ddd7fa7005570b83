"""What only PostgreSQL has to do where a log is moved: the gate, the log's incarnation, and who stands in the way."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.migrations import migrate
from duolog.adapters.postgres.stuck_appenders import stuck_appenders
from duolog.adapters.postgres.transfer import PostgresTransfer
from duolog.database.examination import Examination, Level
from duolog.database.transfer import InUse, LogIdentity, Moved
from duolog.errors import DatabaseBusyError, LogClosedError
from duolog.ids import uuid7
from duolog.testing.contracts.sample_log import LOG, SOURCE, sample_log
from duolog.testing.contracts.samples import SECONDS, stays_pending

MakeConnections = Callable[..., Connections]
Write = Callable[[Connection, Connections], Awaitable[None]]

KEY = "INSERT INTO {schema}.idempotency VALUES ('', '', '', $1, '', '{{}}', '{{}}', 1)"
EVENT = (
    "INSERT INTO {schema}.events "
    "VALUES (nextval('{schema}.positions'), 1, $1, 1, 1, 1, '', $2, 't', '{{}}', '{{}}', '{{}}')"
)


@pytest.fixture
async def pool(make_connections: MakeConnections) -> Connections:
    """A pool on a schema of the test's own, brought up to date."""
    schema = f"t{uuid7().hex}"
    connections = make_connections(f"schema={schema}", most=8)
    await migrate(connections)
    return connections


@pytest.fixture
def transfer(pool: Connections) -> PostgresTransfer:
    return PostgresTransfer(pool)


async def write_key(connection: Connection, pool: Connections) -> None:
    await connection.execute(KEY.format(schema=pool.location.schema), uuid7().hex)


async def write_event(connection: Connection, pool: Connections) -> None:
    event_id = uuid7()
    await connection.execute(EVENT.format(schema=pool.location.schema), event_id, f"thing-{event_id}")


async def gates(pool: Connections) -> int:
    sql = (
        "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE t.tgname = 'duolog_gate' AND n.nspname = $1"
    )
    row = await pool.fetch_row(sql, pool.location.schema)
    return 0 if row is None else int(row[0])


async def test_a_log_in_use_has_no_gate(pool: Connections, transfer: PostgresTransfer) -> None:
    """What a transfer needs costs an append nothing before and after it."""
    assert await gates(pool) == 0
    async with transfer.stop_writers(seconds=SECONDS):
        assert await gates(pool) > 0
    assert await gates(pool) == 0
    await transfer.begin(LOG, SOURCE)
    assert await gates(pool) > 0
    await transfer.finish()
    assert await gates(pool) == 0
    with pytest.raises(ZeroDivisionError):
        async with transfer.stop_writers(seconds=SECONDS):
            _ = 1 // 0
    assert await gates(pool) == 0


@pytest.mark.parametrize(("first", "then"), [(write_key, write_event), (write_event, write_key)])
async def test_writers_in_any_order_of_tables_end_before_they_are_stopped(
    pool: Connections,
    transfer: PostgresTransfer,
    first: Write,
    then: Write,
) -> None:
    """Whoever has begun to write goes on to its commit: it does not wait for the transfer that waits for it."""
    stopped = asyncio.Event()

    async def stop() -> None:
        async with transfer.stop_writers(seconds=SECONDS):
            stopped.set()

    async with pool.transaction() as connection:
        await first(connection, pool)
        stopping = asyncio.create_task(stop())
        assert await stays_pending(stopping)
        async with asyncio.timeout(SECONDS):
            await then(connection, pool)
        assert not stopped.is_set()
    async with asyncio.timeout(SECONDS):
        await stopping


async def test_a_writer_that_does_not_end_leaves_the_log_in_use(
    make_connections: MakeConnections, pool: Connections, transfer: PostgresTransfer
) -> None:
    other = make_connections(f"schema={pool.location.schema}")
    async with other.transaction() as connection:
        await write_event(connection, pool)
        with pytest.raises(DatabaseBusyError):
            async with transfer.stop_writers(seconds=0.2):
                pass
    assert await transfer.state() == InUse()
    async with other.transaction() as connection:
        await write_event(connection, pool)


@pytest.mark.parametrize("write", [write_key, write_event])
async def test_nothing_is_written_behind_a_log_that_was_moved(
    pool: Connections, transfer: PostgresTransfer, write: Write
) -> None:
    async with transfer.stop_writers(seconds=SECONDS) as writers:
        await writers.mark_moved("sqlite:///elsewhere.db")
    assert isinstance(await transfer.state(), Moved)
    with pytest.raises(LogClosedError):
        async with pool.transaction() as connection:
            await write(connection, pool)
    await transfer.take_back()
    async with pool.transaction() as connection:
        await write(connection, pool)


async def test_a_received_name_is_kept_by_the_server_that_received_it(
    pool: Connections, transfer: PostgresTransfer
) -> None:
    """After a restore or a take-over the log has another name, each time another: events may be missing."""
    own = await transfer.identity()
    assert own == await transfer.identity()
    await transfer.begin(LOG, SOURCE)
    await transfer.receive(sample_log())
    await transfer.finish()
    assert await transfer.identity() == LOG
    names = {own.log_id, LOG.log_id}
    for incarnation in ("7000000000000000001 00000001", "7000000000000000001 00000002"):
        async with pool.transaction() as connection:
            sql = f"UPDATE {pool.location.schema}.received_name SET incarnation = $1"  # noqa: S608 - the test's own name
            await connection.execute(sql, incarnation)
        identity = await transfer.identity()
        assert identity == LogIdentity(identity.log_id, LOG.secret_check)
        assert len(identity.log_id) <= 64  # as long as a position token takes it
        names.add(identity.log_id)
    assert len(names) == 3  # it depends on where the log is now, not on where it was


async def findings(pool: Connections) -> list[Examination]:
    async with pool.use() as connection:
        return [each async for each in stuck_appenders(connection, pool.location.schema, seconds=0)]


async def test_a_session_that_holds_the_log_up_is_named(pool: Connections, make_connections: MakeConnections) -> None:
    """With its pid, what it calls itself, where from, since when, how many events wait, and how to end it."""
    (well,) = await findings(pool)
    assert well.level is Level.WELL
    stuck = make_connections(f"schema={pool.location.schema}&application_name=night-job")
    async with stuck.transaction() as connection:
        pid = connection.get_server_pid()
        await connection.execute(f"SELECT {pool.location.schema}.take_fence()")
        async with pool.transaction() as other:
            await write_event(other, pool)
        (found,) = await findings(pool)
    assert found.level is Level.FAULT
    for part in (f"pid {pid}", "'night-job'", "127.0.0.1", "idle in transaction", " UTC", "1 events behind position 0"):
        assert part in found.found
    assert f"pg_terminate_backend({pid})" in found.advice
    assert (await findings(pool))[0].level is Level.WELL


async def test_a_prepared_transaction_that_holds_the_log_up_is_named(pool: Connections) -> None:
    """It has no session any more; its name is what ends it."""
    name = f"transfer {pool.location.schema}"
    async with pool.use() as connection:
        await connection.execute(f"BEGIN; SELECT {pool.location.schema}.take_fence(); PREPARE TRANSACTION '{name}'")
        try:
            (found,) = await findings(pool)
        finally:
            await connection.execute(f"ROLLBACK PREPARED '{name}'")
    assert found.level is Level.FAULT
    assert repr(name) in found.found
    assert "ROLLBACK PREPARED" in found.advice
    assert (await findings(pool))[0].level is Level.WELL
