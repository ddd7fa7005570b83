"""An owner that stands still in a page, whatever its session waits for, keeps nobody from its share for long."""

import asyncio
import struct
from collections.abc import AsyncIterator
from operator import attrgetter
from typing import Any

import asyncpg
import pytest

from duolog.adapters.postgres.database import PostgresDatabase, open_database
from duolog.database.port import View
from duolog.subscriptions.share import Share
from tests.unit.subscriptions.eventually import eventually

VIEW = View("stopped_clubs", 1, {"stopped_clubs": "CREATE TABLE stopped_clubs (id TEXT PRIMARY KEY)"})
SHARE = Share(VIEW.subscription)
LOCK = "SELECT FROM \"duolog\".checkpoints WHERE subscription = 'stopped_clubs' FOR UPDATE"


@pytest.fixture
async def database(fresh_postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    """One that has a view."""
    opened = open_database(fresh_postgres_url)
    await opened.open()
    await opened.prepare_view(VIEW)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(fresh_postgres_url: str, database: PostgresDatabase) -> AsyncIterator[asyncpg.Connection]:
    """A session of an owner."""
    assert database.url
    connection = await asyncpg.connect(fresh_postgres_url)
    yield connection
    connection.terminate()


async def begin_page(database: PostgresDatabase, owner: asyncpg.Connection, *, lease: float) -> None:
    """Take the share, and lock its checkpoint, as in the middle of a page."""
    assert await database.leases.acquire(SHARE, "owner", seconds=lease) is not None
    await owner.execute("BEGIN")
    await owner.execute(LOCK)


def stand_still_while_sending(connection: asyncpg.Connection) -> None:
    """Send a message of the extended protocol without the Sync behind it: no time limit of the server counts now."""
    parse = b"\0SELECT 1\0" + struct.pack("!h", 0)
    transport: Any = attrgetter("_transport")(connection)  # the driver itself would send a Sync
    transport.write(b"P" + struct.pack("!i", len(parse) + 4) + parse)


async def test_who_stands_still_while_it_sends_is_ended_when_its_lease_is_over(
    database: PostgresDatabase, owner: asyncpg.Connection
) -> None:
    await begin_page(database, owner, lease=0)
    stand_still_while_sending(owner)

    async def is_free() -> bool:
        return await database.leases.acquire(SHARE, "heir", seconds=60) is not None

    await eventually(is_free)


async def test_who_has_its_lease_still_is_left_alone(database: PostgresDatabase, owner: asyncpg.Connection) -> None:
    await begin_page(database, owner, lease=60)
    assert await database.leases.acquire(SHARE, "heir", seconds=60) is None
    assert await owner.fetchval("SELECT 1") == 1


async def test_whose_statement_runs_is_left_alone(
    database: PostgresDatabase, owner: asyncpg.Connection, fresh_postgres_url: str
) -> None:
    """It does not stand still, and its heartbeats may come late."""
    holder = await asyncpg.connect(fresh_postgres_url)
    try:
        await holder.execute("BEGIN; LOCK TABLE stopped_clubs")
        await begin_page(database, owner, lease=0)
        task = asyncio.create_task(owner.fetch("SELECT id FROM stopped_clubs"))
        await asyncio.wait({task}, timeout=0.1)
        assert await database.leases.acquire(SHARE, "heir", seconds=60) is None
        await holder.execute("COMMIT")
        assert await task == []
    finally:
        await holder.close()
