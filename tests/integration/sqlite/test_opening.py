"""URLs, files that cannot be used, and versions of SQLite."""

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from duolog.adapters.sqlite import open_database
from duolog.adapters.sqlite.connections import check_version, connect_reader, connect_writer
from duolog.adapters.sqlite.location import parse_location
from duolog.database.port import Database
from duolog.errors import ConfigurationError, DatabaseError, NotStartedError
from duolog.testing.contracts.samples import new_event


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///users.db", Path.cwd() / "users.db"),
        ("sqlite:///data/users.db", Path.cwd() / "data/users.db"),
        ("sqlite:////var/lib/users.db", Path("/var/lib/users.db")),
        ("sqlite:////var/lib/a%20b%3F%23.db?busy_timeout=10", Path("/var/lib/a b?#.db")),
    ],
)
def test_a_url_names_a_file(url: str, path: Path) -> None:
    assert parse_location(url).path == path


def test_a_url_has_options() -> None:
    location = parse_location("sqlite:///users.db?synchronous=normal&busy_timeout=250")
    assert (location.synchronous, location.busy_timeout) == ("NORMAL", 250)
    location = parse_location("sqlite:///users.db")
    assert (location.synchronous, location.busy_timeout) == ("FULL", 5_000)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="memory://"):
        open_database(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///users",
        "sqlite://users.db",
        "sqlite:///users.db#part",
        "sqlite:///users.db?journal_mode=OFF",
        "sqlite:///users.db?synchronous=OFF",
        "sqlite:///users.db?synchronous=FULL&synchronous=NORMAL",
        "sqlite:///users.db?busy_timeout=-1",
        "sqlite:///users.db?busy_timeout=soon",
        "sqlite:///users.db?busy_timeout",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        open_database(url)


async def test_a_file_may_have_any_name(tmp_path: Path, files: Callable[[], dict[str, int]]) -> None:
    database = open_database(f"sqlite:///{tmp_path}/a%20%3F%23%25ü.db")
    await database.open()
    await database.close()
    assert list(files()) == ["a ?#%ü.db"]


async def refused(database: Database) -> str:
    with pytest.raises(DatabaseError) as caught:
        await database.open()
    await database.close()
    return str(caught.value)


async def test_a_file_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but a text that is long enough to look into" * 20)
    assert "not a database" in await refused(open_database(f"sqlite:///{tmp_path}/text.db"))
    assert "directory" in await refused(open_database(f"sqlite:///{tmp_path}"))
    assert "directory" in await refused(open_database(f"sqlite:///{tmp_path}/missing/log.db"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
async def test_a_file_that_cannot_be_written_is_a_clear_error(
    make_database: Callable[..., Database], path: Path
) -> None:
    database = make_database()
    await database.open()
    await database.close()
    os.chmod(path, 0o400)  # noqa: PTH101 - a Path's own is refused in a coroutine
    assert "permission" in await refused(make_database())


async def test_it_must_be_open(make_database: Callable[..., Database]) -> None:
    database = make_database()
    with pytest.raises(NotStartedError):
        _ = database.store
    await database.close()


async def test_a_clean_close_leaves_one_file(
    database: Database, path: Path, files: Callable[[], dict[str, int]]
) -> None:
    await database.store.append("user-1", [new_event()])
    assert len(await database.store.read_stream("user-1")) == 1
    await database.close()
    assert list(files()) == [path.name]


@pytest.mark.usefixtures("database")
def test_power_loss_is_survived_by_default(path: Path) -> None:
    connection = connect_writer(parse_location(f"sqlite:///{path}"))
    settings = {
        name: connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
    }
    connection.close()
    assert settings == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 5_000}


@pytest.mark.usefixtures("database")
def test_a_reading_connection_cannot_write_whatever_it_is_told(path: Path) -> None:
    connection = connect_reader(parse_location(f"sqlite:///{path}"))
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM duolog_meta")
    connection.execute("PRAGMA query_only = OFF")
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("DELETE FROM duolog_meta")
    connection.close()


def test_an_affected_version_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "duolog.sqlite"):
        for version in ((3, 51, 2), (3, 51, 2), (3, 51, 3), (3, 52, 0)):
            check_version(version)
    assert [record.getMessage()[:13] for record in caplog.records] == ["SQLite 3.51.2"]


def test_a_version_that_is_too_old_is_refused() -> None:
    with pytest.raises(DatabaseError, match="too old"):
        check_version((3, 34, 1))


async def test_opening_that_is_cancelled_leaves_nothing_running(make_database: Callable[..., Database]) -> None:
    opening = asyncio.create_task(make_database().open())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait({opening})
    database = make_database()
    await database.open()
    assert await database.store.head() == 0
    await database.close()


async def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(DatabaseError, match="cannot be used"):
        await open_database(f"sqlite:///{path}").pending_migrations()
