"""The pool: first come, first served; bounded; and nothing stays behind when a task is cancelled."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
from asyncpg import PostgresError

from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.location import Location, parse_location
from duolog.adapters.postgres.transactions import begin
from duolog.errors import (
    ConfigurationError,
    DatabaseBusyError,
    DatabaseError,
    NotStartedError,
    ReadOnlyError,
    StatementError,
    TimeLimitExceededError,
)
from tests.integration.postgres.sessions_seen import states, until_all_are, until_gone, until_running

MakeConnections = Callable[..., Connections]


async def test_who_asks_first_is_served_first(make_connections: MakeConnections) -> None:
    """Nobody who comes later takes a connection that was given back for one who waits."""
    connections = make_connections(most=1)
    served: list[str] = []

    async def use(name: str) -> None:
        async with connections.use():
            served.append(name)

    held = await connections.take()
    waiting = [asyncio.create_task(use(f"{number}")) for number in range(5)]
    await asyncio.sleep(0)
    await connections.give_back(held)
    await use("late")  # asks before the first waiter has run
    await asyncio.gather(*waiting)
    assert served == ["0", "1", "2", "3", "4", "late"]


async def test_no_more_connections_are_opened_than_allowed(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """However many ask at once."""
    bounded = make_connections(most=3)
    await asyncio.gather(*(bounded.fetch("SELECT pg_sleep(0.01)") for _ in range(30)))
    assert len(await states(connections)) == 3


async def test_a_cancelled_waiter_takes_nothing_along(make_connections: MakeConnections) -> None:
    """Whether it was still waiting or had been handed a connection in that very moment."""
    connections = make_connections(most=1)
    for turns in range(4):
        held = await connections.take()
        waiters = [asyncio.create_task(connections.take()) for _ in range(2)]
        await asyncio.sleep(0)
        if turns % 2:
            await connections.give_back(held)
        waiters[0].cancel()
        if not turns % 2:
            await connections.give_back(held)
        async with asyncio.timeout(20):
            await connections.give_back(await waiters[1])
        assert (await asyncio.gather(waiters[0], return_exceptions=True))[0].__class__ is asyncio.CancelledError
    async with asyncio.timeout(20):
        assert await connections.fetch("SELECT 1")


async def test_waiting_has_a_limit(make_connections: MakeConnections) -> None:
    """Who gets no connection in time is told so, and the others go on."""
    connections = make_connections(most=1, patience=0.05)
    held = await connections.take()
    with pytest.raises(DatabaseBusyError, match="no connection was free"):
        await connections.take()
    await connections.give_back(held)
    assert await connections.fetch("SELECT 1")


async def test_a_cancelled_statement_is_ended_and_its_connection_is_clean(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """The server stops working on it, no transaction stays open, and the connection serves the next one."""
    bounded = make_connections(most=1)

    async def work() -> None:
        async with bounded.transaction() as connection:
            await connection.execute("CREATE TABLE IF NOT EXISTS cancelled (id INTEGER)")
            await connection.fetch("SELECT pg_sleep(60)")

    for _ in range(3):
        task = asyncio.create_task(work())
        await until_running(connections, "pg_sleep(60)")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await states(connections) == ["idle"]
    assert (await bounded.fetch("SELECT to_regclass('cancelled') IS NULL AS gone"))[0]["gone"]


async def test_no_moment_of_cancellation_leaves_a_transaction(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """Wherever a transaction is cancelled, nobody is idle in one afterwards and the pool is whole."""
    bounded = make_connections(most=2)
    await connections.fetch("CREATE TABLE moments (id INTEGER)")

    async def work(number: int) -> None:
        async with bounded.transaction() as connection:
            await connection.execute("INSERT INTO moments VALUES ($1)", number)

    for turns in range(40):
        task = asyncio.create_task(work(turns))
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.sleep(turns % 7 * 0.0002)
        task.cancel()
        await asyncio.wait({task})
        assert set(await states(connections)) <= {"idle"}
    async with asyncio.timeout(20):
        await asyncio.gather(*(bounded.fetch("SELECT 1") for _ in range(8)))


@pytest.mark.parametrize("doubtful", [False, True])
async def test_a_cancelled_return_returns_the_connection(
    make_connections: MakeConnections, connections: Connections, *, doubtful: bool
) -> None:
    """Also when it comes for the second time: the pool is whole, and nobody is idle in a transaction."""
    bounded = make_connections(most=1)
    for turns in range(6):
        held = await bounded.take()
        await held.execute(begin(bounded.location))
        task = asyncio.create_task(bounded.give_back(held, doubtful=doubtful))
        for _ in range(turns):
            await asyncio.sleep(0)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait({task})
        if turns == 0:  # it had not begun to run
            await bounded.give_back(held, doubtful=doubtful)
        assert await states(connections) == ["idle"]
    async with asyncio.timeout(20):
        assert await bounded.fetch("SELECT 1")


async def _reading(connections: Connections) -> Connection:
    connection = await connections.take(may_be_in_transaction=True)
    assert not connection.is_in_transaction()
    await connection.execute(begin(connections.location, snapshot=True))
    assert await connection.fetchval("SELECT 1")
    return connection


async def test_a_reader_takes_the_connection_of_a_reader_before_it_is_rolled_back(
    make_connections: MakeConnections,
) -> None:
    """Whether it asks afterwards or was waiting; its own first message ends the transaction."""
    connections = make_connections(most=1)
    held = await _reading(connections)
    connections.let_go(held)
    assert await connections.take(may_be_in_transaction=True) is held
    assert held.is_in_transaction()
    waiting = asyncio.create_task(connections.take(may_be_in_transaction=True))
    await asyncio.sleep(0)
    connections.let_go(held)
    assert await waiting is held
    assert held.is_in_transaction()
    await connections.give_back(held)


@pytest.mark.parametrize("cancels", [False, True])
async def test_nobody_else_gets_a_connection_with_an_open_transaction(
    make_connections: MakeConnections, connections: Connections, *, cancels: bool
) -> None:
    """Also when the reader that it was handed to is cancelled in that moment."""
    bounded = make_connections(most=1)
    held = await _reading(bounded)
    reader = asyncio.create_task(bounded.take(may_be_in_transaction=True)) if cancels else None
    await asyncio.sleep(0)
    other = asyncio.create_task(bounded.take())
    await asyncio.sleep(0)
    bounded.let_go(held)
    if reader is not None:
        reader.cancel()
    async with asyncio.timeout(20):
        assert await other is held
    assert await states(connections) == ["idle"]
    await bounded.give_back(held)


async def test_what_a_reader_let_go_is_rolled_back_soon(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """When nobody takes it, and when the pool is closed."""
    bounded = make_connections(most=1)
    bounded.let_go(await _reading(bounded))
    await until_all_are(connections, "idle")
    bounded.let_go(await _reading(bounded))
    await bounded.close()
    await until_gone(connections)


async def test_an_error_rolls_back(connections: Connections) -> None:
    """What was written before is gone, and the connection is free of the transaction."""
    await connections.fetch("CREATE TABLE written (id INTEGER)")

    async def fail_after(*statements: str) -> None:
        async with connections.transaction() as connection:
            await connection.execute("INSERT INTO written VALUES (1)")
            for statement in statements:
                await connection.execute(statement)
            raise ZeroDivisionError

    async def go_on_after_a_failure() -> None:
        async with connections.transaction() as connection:
            await connection.execute("INSERT INTO written VALUES (2)")
            with suppress(PostgresError):
                await connection.execute("SELECT 1 / 0")

    with pytest.raises(ZeroDivisionError):
        await fail_after()
    with pytest.raises(StatementError):
        await fail_after("SELECT 1 / 0")
    with pytest.raises(DatabaseError, match="rolled back"):
        await go_on_after_a_failure()
    assert await connections.fetch("SELECT id FROM written") == []


async def test_a_session_that_the_server_ended_is_replaced(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """Whoever was using it gets an error; the next one gets another session."""
    bounded = make_connections(most=1)
    pid = (await bounded.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]
    await connections.fetch("SELECT pg_terminate_backend($1, 5000)", pid)
    async with asyncio.timeout(20):
        assert (await bounded.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"] != pid

    async def use_while_it_ends() -> None:
        async with bounded.use() as connection:
            await connections.fetch("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
            await connection.fetch("SELECT 1")

    with pytest.raises(DatabaseError, match="connection"):
        await use_while_it_ends()
    assert await bounded.fetch("SELECT 1")


async def test_statements_and_locks_have_limits(make_connections: MakeConnections) -> None:
    """They hold for every session, and behind a pooler for every transaction."""
    await make_connections().fetch("CREATE TABLE locked (id INTEGER)")
    for options in ("", "&prepared_statements=off"):
        connections = make_connections(f"statement_timeout=150&lock_timeout=50{options}")
        with pytest.raises(TimeLimitExceededError):
            async with connections.transaction() as connection:
                await connection.execute("SELECT pg_sleep(60)")
        async with connections.transaction() as connection:
            await connection.execute("LOCK TABLE locked")
            with pytest.raises(DatabaseBusyError, match="lock"):
                async with connections.transaction() as other:
                    await other.execute("LOCK TABLE locked")


async def test_a_transaction_that_waits_for_too_long_is_ended(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """By the server, so that a process that hangs keeps no locks."""
    short = make_connections("idle_in_transaction_timeout=50")
    held = await short.take()
    await held.execute(begin(short.location))
    await until_gone(connections)
    await short.give_back(held)
    assert await short.fetch("SELECT 1")


async def test_behind_a_pooler_nothing_stays_in_a_session(make_connections: MakeConnections) -> None:
    """Neither a named statement nor a setting: the session may be another's in the next moment."""
    connections = make_connections("prepared_statements=off&application_name=shop", most=1)
    for number in range(3):
        async with connections.transaction() as connection:
            assert await connection.fetchval("SELECT $1::integer + 1", number) == number + 1
    async with connections.use() as connection:
        assert await connection.fetch("SELECT name FROM pg_prepared_statements") == []
        sources = await connection.fetch(
            "SELECT name, source FROM pg_settings WHERE source IN ('session', 'client') ORDER BY name"
        )
    ours = {"lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "default_transaction_read_only"}
    assert not ours & {row["name"] for row in sources}


async def test_a_pool_that_may_only_read_refuses_to_write(make_connections: MakeConnections) -> None:
    """By itself, and by the server."""
    connections = make_connections(read_only=True)
    with pytest.raises(ReadOnlyError):
        async with connections.transaction():
            pass
    with pytest.raises(ReadOnlyError):
        await connections.fetch("CREATE TABLE never (id INTEGER)")


async def test_a_closed_pool_refuses_everybody(make_connections: MakeConnections, connections: Connections) -> None:
    """Who waits is told at once, and nothing stays connected."""
    bounded = make_connections(most=1)
    held = await bounded.take()
    waiting = asyncio.create_task(bounded.take())
    await asyncio.sleep(0)
    await bounded.close()
    with pytest.raises(NotStartedError):
        await waiting
    with pytest.raises(NotStartedError):
        await bounded.take()
    await bounded.give_back(held)
    await until_gone(connections)


async def test_closing_waits_for_what_is_being_done(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """For so long as it is allowed to."""
    closing = make_connections()
    task = asyncio.create_task(closing.fetch("SELECT pg_sleep(0.5), 7 AS seven"))
    await until_running(connections, "AS seven")
    await closing.close(grace=20)
    assert (await task)[0]["seven"] == 7


async def test_sockets_notice_a_dead_server(location: Location) -> None:
    """Keepalives are on, and what is sent must be acknowledged in time."""
    connection = await connect(location)
    try:
        given = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined] # noqa: SLF001
        assert given.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert given.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == location.answer_timeout
    finally:
        await connection.close()


async def test_a_server_that_cannot_be_reached_is_named_without_the_password() -> None:
    """Whatever is wrong with it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    connections = Connections(parse_location(f"postgresql://ann:hunter2@127.0.0.1:{port}/shop"))
    with pytest.raises(DatabaseError) as refused:
        await connections.take()
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ConfigurationError) as wrong:
        await Connections(parse_location("postgresql://ann:hunter2@db/shop?sslmode=sometimes")).take()
    assert "hunter2" not in str(wrong.value)


async def test_a_database_that_is_missing_is_said_to_be_so(location: Location) -> None:
    """The error's hint says what to do."""
    host = location.dsn.rpartition("/")[0]
    with pytest.raises(DatabaseError, match="no such database"):
        await connect(parse_location(f"{host}/nowhere_at_all"))
