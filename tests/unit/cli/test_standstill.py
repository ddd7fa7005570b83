"""What `duolog doctor` says of a feed that stands still: which share, since when, because of what."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from duolog.database.port import Database, View
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.subscriptions.members import Work
from tests.unit.cli.conftest import Duolog, Target, new_event, with_database
from tests.unit.cli.test_doctor import VIEW, examined, file_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock on a file")


def test_the_share_that_stands_still_is_named(duolog: Duolog, url: str) -> None:
    """Of a divided view: one share has an owner that does not move, one a dead owner, two have nobody."""

    async def fill(database: Database) -> None:
        await database.prepare_view(replace(VIEW, partitions=4))
        first, second, *_ = [each.share for each in await database.checkpoints.read(VIEW.subscription)]
        await database.leases.acquire(first, "worker-7", seconds=600)
        await database.leases.acquire(second, "worker-8", seconds=0)
        await database.store.append("order-1", [new_event("order.placed")])

    with_database(url, fill)
    code, found = examined(duolog, url)
    said = {name: each["found"] for name, each in found.items() if name.startswith("projection orders_view")}
    assert code == 1
    assert list(said) == [f"projection orders_view, buckets {lo}..{lo + 63}" for lo in (0, 64, 128, 192)]
    for text, part in zip(said.values(), ("worker-7 owns it", "worker-8 died", "nobody", "nobody"), strict=True):
        assert re.search(rf"stands still at 0 since .* UTC, 1 positions behind the log.*{part}", text), text


def test_an_event_that_the_code_does_not_know_is_named(duolog: Duolog, url: str, target: Target) -> None:
    """It may wait for a newer release; without the code nobody can tell."""

    async def fill(database: Database) -> None:
        await database.prepare_view(VIEW)
        await database.members.beat("other/1", [Work("orders_view", 1)], seconds=60)
        await database.store.append("order-1", [NewEvent(uuid7(), "order.placed", 7, b"{}")])

    with_database(url, fill)
    code, found = examined(duolog, target())
    projection = found["projection orders_view"]
    assert (code, projection["level"]) == (1, "fault")
    assert (
        "does not know 'order.placed' of schema version 7 at 1, so it waits for a newer release" in projection["found"]
    )
    assert "deploying the release that recorded it" in projection["advice"]
    assert "although other/1 could" in examined(duolog, url)[1]["projection orders_view"]["found"]


def test_a_view_that_is_built_beside_the_live_one_is_a_risk_if_nobody_does(
    duolog: Duolog, url: str, target: Target
) -> None:
    """Queries have the live one meanwhile."""
    old = View("orders_view", 0, VIEW.tables)

    async def fill(database: Database) -> None:
        await database.prepare_view(old)
        await database.create_shadow(VIEW)
        await database.store.append("order-1", [new_event("order.placed")])

    with_database(url, fill)
    _, found = examined(duolog, target())
    shadow = found["projection orders_view, generation 2 (shadow)"]
    assert (shadow["level"], "nobody advances it" in shadow["found"]) == ("risk", True)
    assert "which builds its own beside it: at 0, 1 behind the log" in found["projection orders_view"]["found"]


@linux
def test_who_keeps_the_right_to_write_a_file_is_named(
    duolog: Duolog, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that was left open in another process stops all writers."""
    monkeypatch.setattr("duolog.adapters.sqlite.write_lock._SECONDS", 0.05)

    async def run(database: Database) -> None:
        await database.prepare_view(VIEW)
        async with _holding(file_of(url)) as pid:
            _, found = await asyncio.to_thread(examined, duolog, url)
        assert (found["locks"]["level"], f"pid {pid} " in found["locks"]["found"]) == ("risk", True)
        _, found = await asyncio.to_thread(examined, duolog, url)
        assert found["locks"]["level"] == "well"

    with_database(url, run)


def test_a_session_that_others_wait_for_is_named(
    duolog: Duolog, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on which table; a waiting statement itself, which may hold values, is not shown."""
    monkeypatch.setattr("duolog.adapters.postgres.examination._STUCK_SECONDS", 0.0)

    async def run(database: Database) -> None:
        await database.prepare_view(VIEW)
        holder = await asyncpg.connect(empty_postgres_url, server_settings={"application_name": "night-job"})
        waiter = await asyncpg.connect(empty_postgres_url, server_settings={"application_name": "a-worker"})
        try:
            await holder.execute("BEGIN; LOCK TABLE orders_view")
            waiting = asyncio.create_task(waiter.execute("INSERT INTO orders_view (id) VALUES ('hidden')"))
            waits = "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1"
            while await holder.fetchval(waits, waiter.get_server_pid()) != "Lock":
                await holder.execute("SELECT pg_stat_clear_snapshot()")
            _, found = await asyncio.to_thread(examined, duolog, empty_postgres_url)
            await holder.execute("ROLLBACK")
            await waiting
        finally:
            await holder.close()
            await waiter.close()
        locks = found["locks"]
        assert locks["level"] == "risk"
        assert "'a-worker', waits since" in locks["found"]
        assert "on orders_view" in locks["found"]
        assert "'night-job'" in locks["found"]
        assert "idle in transaction" in locks["found"]
        assert "hidden" not in str(found)
        assert "pg_terminate_backend(" in locks["advice"]

    with_database(empty_postgres_url, run)


def test_a_projection_behind_a_stuck_appender_is_not_blamed(
    duolog: Duolog, empty_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner gets nothing to apply, whatever it does; the appender's session is named beside it."""
    monkeypatch.setattr("duolog.adapters.postgres.examination._STUCK_SECONDS", 0.0)

    async def run(database: Database) -> None:
        (checkpoint,) = await database.prepare_view(VIEW)
        await database.leases.acquire(checkpoint.share, "worker-7", seconds=600)
        connection = await asyncpg.connect(empty_postgres_url)
        try:
            await connection.execute("BEGIN; SELECT duolog.take_fence(); SELECT nextval('duolog.positions')")
            pid = connection.get_server_pid()
            await database.store.append("order-1", [new_event("order.placed")])
            code, found = await asyncio.to_thread(examined, duolog, empty_postgres_url)
        finally:
            await connection.close()
        assert (code, f"pid {pid}" in found["appenders"]["found"]) == (1, True)
        projection = found["projection orders_view"]
        assert "readers do not get what comes next, because somebody who appends has not ended" in projection["found"]
        assert "`appenders`" in projection["advice"]

    with_database(empty_postgres_url, run)


@asynccontextmanager
async def _holding(path: Path) -> AsyncGenerator[int]:
    """Have another process begin to write, and end with it; gives its pid."""
    program = (
        "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "connection.execute('BEGIN IMMEDIATE'); print('writes', flush=True); sys.stdin.read()"
    )
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(path), stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"writes\n"
        yield process.pid
    finally:
        process.stdin.close()
        await process.wait()
