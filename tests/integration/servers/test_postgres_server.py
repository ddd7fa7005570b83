"""A server of one's own."""

import os
import re
import socket
from pathlib import Path

import asyncpg
import pytest

from duolog.errors import ConfigurationError, DatabaseError, ServerStartError
from duolog.testing.servers import PostgresServer, PostgresSettings, postgres_server, process_table
from duolog.testing.servers.free_port import free_port


async def fetch(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row.values()) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def one(server: PostgresServer, sql: str) -> object:
    [(value,)] = await fetch(server.url(), sql)
    return value


async def test_the_url_leads_to_a_server_of_the_programs_version(server: PostgresServer) -> None:
    assert int(str(await one(server, "SHOW server_version_num"))) // 10_000 == server.binaries.major
    assert await one(server, "SHOW server_encoding") == "UTF8"


async def test_what_is_committed_reaches_the_disk_unless_asked_otherwise(server: PostgresServer) -> None:
    assert [await one(server, f"SHOW {name}") for name in ("fsync", "synchronous_commit")] == ["on", "on"]


async def test_the_first_answer_to_anybody_is_a_scram_challenge(server: PostgresServer) -> None:
    """The message is AuthenticationSASL: a type R, a length, the number 10, and the mechanisms."""
    port = server.databases.port
    start_up = b"\x00\x03\x00\x00user\x00postgres\x00\x00"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall((len(start_up) + 4).to_bytes(4, "big") + start_up)
        answer = connection.recv(1024)
    assert answer[:1] == b"R"
    assert answer[5:9] == (10).to_bytes(4, "big")
    assert b"SCRAM-SHA-256\x00" in answer


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_a_wrong_password_is_refused(server: PostgresServer, password: str) -> None:
    url = re.sub(r":[^:@]+@", f":{password}@", server.url())
    with pytest.raises((asyncpg.InvalidPasswordError, asyncpg.InternalClientError)):
        await asyncpg.connect(url)


async def test_it_listens_on_the_loopback_address_and_nowhere_else(server: PostgresServer) -> None:
    assert await one(server, "SHOW listen_addresses") == "127.0.0.1"
    assert await one(server, "SHOW unix_socket_directories") == ""
    other = "127.0.0.2"  # loopback as well, on Linux: a server that listens on every address would answer
    with socket.socket() as client:
        client.settimeout(10)
        assert client.connect_ex((other, server.databases.port)) != 0


def test_its_password_is_neither_shown_nor_on_a_command_line(server: PostgresServer) -> None:
    password = server.databases.password
    assert len(password) >= 24
    assert password in server.url()
    assert password not in f"{server!r} {server.databases!r} {server}"
    pids = process_table.children(server.pid) | {server.pid}
    arguments = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)
    assert password.encode() not in arguments
    assert password not in (server.directory / "server.log").read_text(encoding="utf-8")
    assert not (server.directory / "handed-over").exists()
    assert (server.directory / "password").stat().st_mode & 0o077 == 0


def test_it_does_not_run_as_root(server: PostgresServer) -> None:
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8")
    [users] = re.findall(r"^Uid:\s(.*)$", status, re.MULTILINE)
    assert "0" not in users.split()
    if os.geteuid() == 0:
        assert re.findall(r"^Groups:[ \t]*(.*?)[ \t]*$", status, re.MULTILINE) == [""]


async def test_a_killed_server_has_what_was_committed_when_it_is_started_again(server: PostgresServer) -> None:
    url = server.create_database("killed")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE numbers (number int); INSERT INTO numbers VALUES (1)")
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("INSERT INTO numbers VALUES (2)")
    pids = process_table.children(server.pid) | {server.pid}
    assert len(pids) > 4
    server.kill()
    assert not process_table.running(pids)
    with pytest.raises(OSError, match="Connect"):
        await asyncpg.connect(url)
    server.start()
    assert await fetch(url, "SELECT number FROM numbers") == [(1,)]
    connection.terminate()
    server.drop_database("killed")


async def test_a_crashed_server_recovers_by_itself_in_the_same_place(server: PostgresServer) -> None:
    url = server.create_database("crashed")
    await fetch(url, "CREATE TABLE numbers AS SELECT 1 AS number")
    pid, connection = server.pid, await asyncpg.connect(url)
    server.crash()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetch("SELECT 1")
    connection.terminate()
    assert server.pid == pid
    assert await fetch(url, "SELECT number FROM numbers") == [(1,)]
    server.drop_database("crashed")


async def test_a_restarted_server_keeps_its_url(server: PostgresServer) -> None:
    url = server.url()
    server.restart()
    assert server.url() == url
    assert await fetch(url, "SELECT 1") == [(1,)]


async def test_databases_are_made_and_dropped_also_while_they_are_used(server: PostgresServer) -> None:
    with server.databases.new_database() as url, server.databases.new_database() as other:
        assert url != other
        await fetch(url, "CREATE TABLE only_here (id int)")
        with pytest.raises(asyncpg.UndefinedTableError):
            await fetch(other, "SELECT * FROM only_here")
        connection = await asyncpg.connect(url)
    connection.terminate()
    assert await one(server, "SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'") == 0


async def test_an_emptied_database_is_like_a_new_one_whoever_used_it(server: PostgresServer) -> None:
    url = server.create_database("emptied")
    connection = await asyncpg.connect(url)
    await connection.execute('CREATE TABLE here (id int); CREATE SCHEMA "A b" CREATE VIEW there AS SELECT 1 AS one')
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE here")
    server.databases.empty_database("emptied")
    connection.terminate()
    left = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
    assert await fetch(url, left) == [("public",)]
    assert await fetch(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]
    server.drop_database("emptied")


@pytest.mark.parametrize("name", ["", "Upper", 'a"b', "a b", "a;b", "1a", "a" * 64, "a\n"])
def test_a_name_that_needs_quotes_is_no_databases_name(server: PostgresServer, name: str) -> None:
    with pytest.raises(ConfigurationError, match="small letters"):
        server.create_database(name)


def test_what_the_server_refuses_is_an_error_with_its_reason(server: PostgresServer) -> None:
    with pytest.raises(DatabaseError, match='database "postgres" already exists'):
        server.create_database("postgres")


async def test_settings_reach_the_server() -> None:
    settings = PostgresSettings(
        max_connections=17,
        max_prepared_transactions=3,
        shared_buffers="16MB",
        fsync=False,
        others={"wal_level": "logical", "listen_addresses": "*"},
    )
    with PostgresServer(settings=settings) as server:
        names = ("max_connections", "max_prepared_transactions", "shared_buffers", "fsync", "wal_level")
        assert [await one(server, f"SHOW {name}") for name in names] == ["17", "3", "16MB", "off", "logical"]
        assert await one(server, "SHOW listen_addresses") == "127.0.0.1"


def test_a_start_that_fails_shows_the_end_of_the_servers_log_and_leaves_nothing() -> None:
    server = PostgresServer(settings=PostgresSettings(others={"shared_buffers": "many"}))
    with pytest.raises(ServerStartError, match='invalid value for parameter "shared_buffers": "many"'):
        server.start()
    assert not server.directory.exists()


def test_a_port_that_was_asked_for_and_is_taken_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ServerStartError, match="could not bind"):
        PostgresServer(port=taken.getsockname()[1]).start()


def test_a_chosen_port_that_was_taken_meanwhile_is_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1], free_port("127.0.0.1")])
        monkeypatch.setattr(postgres_server, "free_port", lambda _: next(ports))
        with PostgresServer() as server:
            assert server.databases.port != taken.getsockname()[1]


async def test_a_given_directory_keeps_its_data_and_its_password(folder: Path) -> None:
    directory = folder / "kept" / "server"
    with PostgresServer(directory) as server:
        await fetch(server.url(), "CREATE TABLE kept AS SELECT 7 AS number")
        password = server.databases.password
    with PostgresServer(directory) as server:
        assert await fetch(server.url(), "SELECT number FROM kept") == [(7,)]
        assert server.databases.password == password
    assert (directory / "data" / "PG_VERSION").exists()


def test_a_server_that_does_not_run_cannot_be_asked() -> None:
    with PostgresServer() as server:
        server.stop()
        for ask in (server.stop, server.kill, server.crash, lambda: server.create_database("any")):
            with pytest.raises(DatabaseError):
                ask()
        server.start()
        assert server.databases.run_sql("SELECT 1") == "1"
    server.close()
