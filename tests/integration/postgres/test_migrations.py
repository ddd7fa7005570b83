"""The schema is the sum of its migrations, and what is applied is frozen."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable

import pytest

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.migrations import check_schema, migrate, migrations, pending
from duolog.errors import DatabaseError, ReadOnlyError, SchemaError

FROZEN = {
    "0001_log": "626d9bf777449a9915c93585ea2990e5d831bcaf50827a092a4e0e45057aaf1f",
    "0002_subscriptions": "9ceab4945cda239dd85a3609f63dbf59bd9ba83de6099a3640edd4babd10c774",
    "0003_snapshots": "90707b51940ed4ddfb22942cc2e9074eabf96ee47c728c15a7600595dedeb197",
    "0004_idempotency": "6a18cbd90ee6b92e5ded53f8710104c2c65c8d2e6c88f52fd716540ec1ffd454",
    "0005_secret_check": "1ce2975cd5e25c11c4e16e2f217f4071e66a259c550b1f529072f671c6c1617d",
    "0006_run_statements": "50c1cb24a04cf0a579b1698c9c919b9134d1feefb249bfc4f9fd3f2ac65c9b34",
    "0007_transfer": "44feda68b3947f71614fda0c756c39ccee78bbd25524cee6a165b319e1dd4ed8",
    "0008_shown_answers": "6500195a676c2d8b890a14798cac3130d9899f99db01fd4cd99f950705f46515",
    "0009_append_each": "c012a50acadba9cc84c44992d89f400190fefe3e713c8a99629933c1bc961201",
    "0010_conditions_at_once": "280aa8e0b5606beaaf5a31c80be7efda61271280fb0f51ecd7ca458f98eeb51b",
    "0011_shares": "ea7cae6718c18daed7442d6a2a815eb451ad75c4d6fe135b60c1351fa9830316",
    "0012_scheduling": "112134e8099c2655c8200209d52fc2756048fb5eeb984a2ed7f9197b2a4d03be",
    "0013_pauses": "4bd8884eb2abd4b1637df516d90f54cfab2b58bcdb745b713b10ceb484c11c5e",
}

MakeConnections = Callable[..., Connections]


async def names(connections: Connections) -> list[str]:
    async with connections.use() as connection:
        return [step.name for step in await pending(connection, connections.location.schema)]


async def check(connections: Connections) -> None:
    async with connections.use() as connection:
        await check_schema(connection, connections.location.schema)


def test_released_migrations_are_frozen() -> None:
    checksums = {migration.name: migration.checksum for migration in migrations()}
    assert checksums == FROZEN


def test_migrations_are_numbered_in_order_each_with_its_own_number() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == sorted(set(numbers))


async def test_a_missing_schema_needs_all_of_them_and_is_not_made(make_connections: MakeConnections) -> None:
    """To look makes nothing; to open for reading refuses."""
    connections = make_connections("schema=looked_at", read_only=True)
    assert await names(connections) == [step.name for step in migrations()]
    with pytest.raises(SchemaError, match="lacks the migrations"):
        await check(connections)
    with pytest.raises(ReadOnlyError):
        await migrate(connections)
    assert await connections.fetch("SELECT 1 FROM pg_namespace WHERE nspname = 'looked_at'") == []


async def test_schemas_of_one_database_have_their_own(make_connections: MakeConnections) -> None:
    """Each has all of them, and nothing is made anywhere else."""
    for schema in ("first", "second"):
        connections = make_connections(f"schema={schema}")
        await migrate(connections)
        await migrate(connections)
        await check(connections)
        rows = await connections.fetch(f"SELECT number, name FROM {schema}.migrations ORDER BY number")  # noqa: S608
        assert [tuple(row) for row in rows] == [(step.number, step.name) for step in migrations()]
        assert await connections.fetch("SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []


async def test_processes_that_start_at_once_take_turns(make_connections: MakeConnections) -> None:
    """Each finds the schema whole, and every migration was applied once."""
    connections = make_connections("schema=at_once")
    url = f"{connections.location.dsn}?schema=at_once"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.postgres.migrating", url, stdin=PIPE, stdout=PIPE
        )
        for _ in range(3)
    ]
    async with asyncio.timeout(60):
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        for process in processes:
            await process.communicate(b"go\n")
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert await names(connections) == []


async def test_an_altered_or_a_newer_schema_is_refused(make_connections: MakeConnections) -> None:
    """By whoever opens it, also for reading; nothing is changed."""
    connections = make_connections("schema=altered")
    await migrate(connections)
    await connections.fetch("UPDATE altered.migrations SET checksum = 'another' WHERE number = 3")
    for refuse in (migrate(connections), check(connections)):
        with pytest.raises(SchemaError, match="another text"):
            await refuse
    newer = make_connections("schema=newer")
    await migrate(newer)
    await newer.fetch("INSERT INTO newer.migrations VALUES (9999, '9999_future', 'x', 0)")
    for refuse in (migrate(newer), check(newer)):
        with pytest.raises(SchemaError, match="9999_future"):
            await refuse


async def test_a_user_who_may_not_create_schemas_uses_one_that_is_there(
    make_connections: MakeConnections, connections: Connections
) -> None:
    """Whoever runs the server makes the schema and gives it away."""
    user = f"user_of_{connections.location.dsn.rpartition('/')[2]}"
    await connections.fetch(f"CREATE USER {user}")
    try:
        await connections.fetch(f"CREATE SCHEMA given AUTHORIZATION {user}")
        limited = make_connections("schema=given", most=1)
        async with limited.use() as connection:
            await connection.execute(f"SET ROLE {user}")
        await migrate(limited)
        assert await names(limited) == []
        refused = make_connections("schema=not_given", most=1)
        async with refused.use() as connection:
            await connection.execute(f"SET ROLE {user}")
        with pytest.raises(DatabaseError, match="right"):
            await migrate(refused)
        await limited.close()
        await refused.close()
    finally:
        await connections.fetch("DROP SCHEMA given CASCADE")
        await connections.fetch(f"DROP USER {user}")
