"""The schema is the sum of its migrations, and what is applied is frozen."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from duolog.adapters.sqlite.migrations import migrations
from duolog.database.port import Database
from duolog.errors import DatabaseError, SchemaError

FROZEN = {
    "0001_log": "4c370400343ba412a6b32d5b974517aa95706aa7886c7aa03bb38a7037c4e57e",
    "0002_snapshots": "30a8c261ae82a6f48b775c68835074871129d0e5fefe80216d0aa3309f0a0dbd",
    "0003_idempotency": "3c915162fe25f66f8474b8f4d86b5372df1ba4a87011658a901636ac30174b06",
    "0004_secret_check": "578e18a7ed8df9d44b92ce5fc060c84606a9fed5a3bd8e0e1df69230651d2047",
    "0005_shown_answers": "f83e595e68a93af081e6162f2bc0cb6e915408fbf38252c47e01b75da0acdf34",
    "0006_transfer": "14958b24fea6355dc34f2e64b1fb3dbf3e2ec0c12e7461a8dd17adcd2e5b10b9",
    "0008_shares": "b97836fceedf2cc482fbbda3678e2c190ac29d445b49e41e1eaadfff0539149c",
    "0011_pauses": "8d156ede0d5e2c1a85895a9cd83ddc47ed3ee2977a750e89dcb6d808bea97e52",
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
