"""Migrations of the application's own tables: one transaction, nobody beside it, whatever tool runs it."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncSession

from duolog.adapters.sqlalchemy import run_migration
from duolog.errors import ConfigurationError, DatabaseError, StatementError
from tests.architecture.checker import ROOT
from tests.integration.sqlalchemy.clubs import Club, Eyes, club_application
from users.infrastructure import schema


@pytest.fixture(params=["sqlite", "postgres"])
def stored_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database that outlives its connections."""
    if request.param == "postgres":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'club.db'}?synchronous=NORMAL"


def notes(url: str) -> list[int]:
    found: list[int] = []

    def look(connection: Connection) -> None:
        found.extend(connection.scalars(text("SELECT id FROM notes ORDER BY id")))

    run_migration(url, look)
    return found


def make_notes(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE IF NOT EXISTS notes (id INTEGER NOT NULL PRIMARY KEY)"))
    number = connection.scalar(text("SELECT coalesce(max(id), 0) FROM notes")) + 1
    connection.execute(text("INSERT INTO notes (id) VALUES (:id)"), {"id": number})


def test_a_migration_is_committed(stored_url: str) -> None:
    """DDL and data of one migration are there afterwards."""
    run_migration(stored_url, make_notes)
    assert notes(stored_url) == [1]


def test_a_failed_migration_leaves_nothing(stored_url: str) -> None:
    """What it raises takes back its DDL too."""

    def fail(connection: Connection) -> None:
        make_notes(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_migration(stored_url, fail)
    run_migration(stored_url, lambda connection: connection.execute(text("CREATE TABLE notes (id INTEGER)")).close())
    assert notes(stored_url) == []


def test_migrations_take_turns(stored_url: str) -> None:
    """Processes that start at once and migrate at once do so one after another."""
    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(run_migration, stored_url, make_notes) for _ in range(6)]:
            done.result()
    assert notes(stored_url) == [1, 2, 3, 4, 5, 6]


async def test_a_migration_may_run_where_an_event_loop_does(stored_url: str) -> None:
    """An application that is loaded by a running server migrates its tables first."""
    run_migration(stored_url, make_notes)
    assert await asyncio.to_thread(notes, stored_url) == [1]


def test_rows_that_refer_to_none_are_refused(tmp_path: Path) -> None:
    """SQLite's foreign keys are off while tables are made anew, and checked at the end."""
    url = f"sqlite:///{tmp_path / 'club.db'}"

    def break_reference(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE teams (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE players (team_id INTEGER REFERENCES teams)"))
        connection.execute(text("INSERT INTO players VALUES (1)"))

    with pytest.raises(StatementError, match="players -> teams"):
        run_migration(url, break_reference)
    with sqlite3.connect(tmp_path / "club.db") as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_a_database_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    """An error of the connection is duolog's, and shows no password."""
    with pytest.raises(DatabaseError):
        run_migration(f"sqlite:///{tmp_path / 'nowhere' / 'club.db'}", make_notes)
    with pytest.raises(ConfigurationError):
        run_migration("mysql://user:secret@nowhere/nothing", make_notes)


async def test_migrated_tables_are_a_sessions(stored_url: str) -> None:
    """What a migration made, and an application opened afterwards, are one database."""
    run_migration(stored_url, make_notes)
    async with club_application(stored_url) as app:

        async def look(eyes: Eyes) -> object:
            session: AsyncSession = eyes.session
            return await session.scalar(text("SELECT id FROM notes"))

        assert await Club(app).look(look) == 1


def test_the_examples_migrations_fit_its_models(stored_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`alembic upgrade`, `check` and `downgrade` run on both databases, and nothing is left to generate."""
    monkeypatch.setenv("DUOLOG_DATABASE", stored_url)
    config = Config(ROOT / "examples" / "users" / "alembic.ini")
    command.upgrade(config, "head")
    command.check(config)
    schema.migrate(stored_url)  # at a later start
    command.downgrade(config, "base")
    command.upgrade(config, "head")
