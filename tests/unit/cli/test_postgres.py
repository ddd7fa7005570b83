"""The commands that look after a database, on PostgreSQL."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from duolog.database.port import Database
from tests.unit.cli.conftest import Duolog, new_event, with_database


def examined(duolog: Duolog, url: str) -> tuple[int, dict[str, dict[str, Any]]]:
    ended = duolog("doctor", url, "--json", "--patience", "0.05")
    assert ended.stderr == ""
    return ended.code, {each["subject"]: each for each in map(json.loads, ended.lines)}


def test_pending_migrations_are_told_applied_and_then_not_pending(duolog: Duolog, empty_postgres_url: str) -> None:
    """To check makes nothing, and ends with 1 where something is pending."""
    first, checked = (duolog("migrate", empty_postgres_url, "--check", "--json") for _ in range(2))
    assert (first.code, checked.code) == (1, 1)
    assert first.lines == checked.lines
    assert {json.loads(line)["state"] for line in checked.lines} == {"pending"}
    applied = duolog("migrate", empty_postgres_url, "--json")
    assert applied.code == 0
    assert [json.loads(line)["migration"] for line in applied.lines] == [
        json.loads(line)["migration"] for line in checked.lines
    ]
    again = duolog("migrate", empty_postgres_url, "--check")
    assert (again.code, "is up to date" in again.stdout) == (0, True)


def test_a_database_that_is_well_is_told_so(duolog: Duolog, empty_postgres_url: str) -> None:
    duolog("migrate", empty_postgres_url)
    code, found = examined(duolog, empty_postgres_url)
    assert code == 0, found
    assert found.keys() >= {"PostgreSQL version", "durability", "sessions", "schema", "log", "appenders"}


def test_a_server_that_cannot_be_reached_is_a_fault(duolog: Duolog) -> None:
    code, found = examined(duolog, "postgresql://somebody:the-password@127.0.0.1:1/nothing")
    assert (code, found["database"]["level"]) == (1, "fault")
    assert "the-password" not in str(found)


def test_a_database_without_its_tables_is_a_fault(duolog: Duolog, empty_postgres_url: str) -> None:
    code, found = examined(duolog, empty_postgres_url)
    assert (code, found["schema"]["level"]) == (1, "fault")
    assert "`duolog migrate`" in found["schema"]["advice"]


def test_commits_that_do_not_wait_for_the_disk_are_a_risk(duolog: Duolog, empty_postgres_url: str) -> None:
    duolog("migrate", empty_postgres_url)

    async def change(value: str) -> None:
        connection = await asyncpg.connect(empty_postgres_url)
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = {value}")
        await connection.close()

    asyncio.run(change("off"))
    try:
        code, found = examined(duolog, empty_postgres_url)
    finally:
        asyncio.run(change("DEFAULT"))
    assert (code, found["durability"]["level"]) == (0, "risk")


def test_a_stuck_appender_is_named(duolog: Duolog, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lag that readers see has a cause: a session that has drawn positions and does not end."""
    monkeypatch.setattr("duolog.adapters.postgres.examination._STUCK_SECONDS", 0.0)

    async def run(database: Database) -> None:
        await database.store.append("order-1", [new_event("order.placed")])
        connection = await asyncpg.connect(empty_postgres_url, server_settings={"application_name": "night-job"})
        try:
            await connection.execute("BEGIN; SELECT duolog.take_fence()")
            pid = connection.get_server_pid()
            code, found = await asyncio.to_thread(examined, duolog, empty_postgres_url)
        finally:
            await connection.close()
        assert (code, found["appenders"]["level"]) == (1, "fault")
        assert f"pid {pid}, 'night-job'" in found["appenders"]["found"]
        assert f"pg_terminate_backend({pid})" in found["appenders"]["advice"]

    with_database(empty_postgres_url, run)
