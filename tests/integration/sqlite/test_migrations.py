"""The schema is the sum of its migrations, and what is applied is frozen."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from duolog.adapters.sqlite.migrations import migrations
from duolog.database.port import Database
from duolog.errors import DatabaseError, LogClosedError, SchemaError

FROZEN = {
    "0001_log": "4c370400343ba412a6b32d5b974517aa95706aa7886c7aa03bb38a7037c4e57e",
    "0002_snapshots": "30a8c261ae82a6f48b775c68835074871129d0e5fefe80216d0aa3309f0a0dbd",
    "0003_idempotency": "3c915162fe25f66f8474b8f4d86b5372df1ba4a87011658a901636ac30174b06",
    "0004_secret_check": "578e18a7ed8df9d44b92ce5fc060c84606a9fed5a3bd8e0e1df69230651d2047",
    "0005_shown_answers": "f83e595e68a93af081e6162f2bc0cb6e915408fbf38252c47e01b75da0acdf34",
    "0006_transfer": "14958b24fea6355dc34f2e64b1fb3dbf3e2ec0c12e7461a8dd17adcd2e5b10b9",
    "0007_shares": "8ed20a1f46237ee8a74970f7438d1e89a54b0dbe79c44b716c37a52cc432ae29",
    "0008_scheduling": "65baf5259b8893ac60563e067cd9ad02e9b7c75391dadf048ee8a2f0c84e5000",
    "0009_pauses": "8d156ede0d5e2c1a85895a9cd83ddc47ed3ee2977a750e89dcb6d808bea97e52",
}


@contextmanager
def shell(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def test_released_migrations_are_frozen() -> None:
    assert {migration.name: migration.checksum for migration in migrations()} == FROZEN


def test_migrations_are_numbered_in_order_each_with_its_own_number() -> None:
    numbers = [migration.number for migration in migrations()]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1


async def test_a_missing_file_needs_all_of_them_and_is_not_made(
    make_database: Callable[..., Database], files: Callable[[], dict[str, int]]
) -> None:
    assert await make_database().pending_migrations() == list(FROZEN)
    assert files() == {}


async def test_an_open_database_has_all_of_them(database: Database, path: Path) -> None:
    assert await database.pending_migrations() == []
    with shell(path) as connection:
        applied = connection.execute("SELECT number, name FROM duolog_migrations ORDER BY number").fetchall()
        assert applied == [(migration.number, migration.name) for migration in migrations()]
        assert connection.execute("SELECT log_id, schema_version FROM duolog_meta").fetchall() == [
            (database.store.log_id, migrations()[-1].number)
        ]


async def test_a_log_keeps_its_identity(make_database: Callable[..., Database]) -> None:
    ids = set[str]()
    for _ in range(2):
        database = make_database()
        await database.open()
        ids.add(database.store.log_id)
        await database.close()
    assert len(ids) == 1


@pytest.mark.parametrize("read_only", [False, True])
async def test_an_altered_migration_is_refused(
    make_database: Callable[..., Database], database: Database, path: Path, *, read_only: bool
) -> None:
    await database.close()
    with shell(path) as connection:
        connection.execute("UPDATE duolog_migrations SET checksum = 'another'")
    with pytest.raises(SchemaError, match="another text"):
        await make_database().open(read_only=read_only)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_newer_schema_is_refused(
    make_database: Callable[..., Database], database: Database, path: Path, *, read_only: bool
) -> None:
    await database.close()
    with shell(path) as connection:
        connection.execute("INSERT INTO duolog_migrations VALUES (9999, '9999_later', 'x', 0)")
    with pytest.raises(SchemaError, match="9999_later"):
        await make_database().open(read_only=read_only)


async def test_reading_only_makes_no_file(
    make_database: Callable[..., Database], files: Callable[[], dict[str, int]]
) -> None:
    with pytest.raises(DatabaseError, match="no database"):
        await make_database().open(read_only=True)
    assert files() == {}


async def test_reading_only_migrates_nothing(
    make_database: Callable[..., Database], path: Path, files: Callable[[], dict[str, int]]
) -> None:
    with shell(path) as connection:
        connection.execute("CREATE TABLE users (id INTEGER)")
    before = files()
    with pytest.raises(SchemaError, match="0001_log"):
        await make_database().open(read_only=True)
    assert files() == before


async def test_a_view_that_was_there_is_the_first_generation(
    make_database: Callable[..., Database], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Position, owner and parked events stay; a log that is closed stays so, though its tables are made anew."""
    before = tuple(migration for migration in migrations() if migration.number < 7)
    with monkeypatch.context() as patch:
        patch.setattr("duolog.adapters.sqlite.migrations.migrations", lambda: before)
        old = make_database()
        await old.open()
        await old.close()
    with shell(path) as connection:
        connection.execute("INSERT INTO duolog_checkpoints VALUES ('users_view', 0, 255, 3, 41, 7, 99)")
        connection.execute("INSERT INTO duolog_leases VALUES ('users_view', 'elsewhere/-/1/1', 7, 99)")
        connection.execute(
            "INSERT INTO duolog_parked VALUES ('users_view', '', 'user-1', 9, x'', 't', 'undecodable', '', '', 5)"
        )
        connection.execute("INSERT INTO duolog_transfer VALUES (1, 'moved', 'elsewhere', 5, 'shut')")
    database = make_database()
    await database.open(for_transfer=True)
    (checkpoint,) = await database.checkpoints.read("users_view")
    assert (str(checkpoint.share), checkpoint.version, checkpoint.position, checkpoint.token) == (
        "users_view",
        3,
        41,
        7,
    )
    assert (checkpoint.counted_after, checkpoint.processed.count) == (41, 0)
    assert [(each.number, each.role.value) for each in await database.generations.read_all()] == [(1, "live")]
    assert [(str(each.share), each.token) for each in await database.leases.read_all()] == [("users_view", 7)]
    assert await database.parking.counts() == {"users_view": 1}
    with pytest.raises(LogClosedError):
        await database.leases.acquire(checkpoint.share, "one", seconds=1)
    await database.close()
