"""E12 for SQLAlchemy's sessions: whatever is cancelled, wherever it waits, leaves no transaction and no connection."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update

from duolog.testing.servers import PostgresDatabases
from tests.faults.steps import CancelledAt
from tests.integration.sqlalchemy.clubs import Club, Eyes, Hands, Member, Noted, Team

MOST_WAITS = 200
AT_ONCE = 1.0
PATIENCE = 30.0
READERS = 40

Work = Callable[[Club, UUID], Coroutine[Any, Any, object]]


async def join(club: Club, member_id: UUID) -> None:
    await club.join(member_id.int, f"{member_id}@example.org")


async def flush_and_join(club: Club, member_id: UUID) -> None:
    async def work(hands: Hands) -> None:
        hands.session.add(Team(name=str(member_id)))
        await hands.session.flush()
        await hands.session.execute(update(Team).values(name="x"))
        hands.session.add(Member(id=member_id, email=f"{member_id}@example.org"))
        await hands.tx.commit()
        await hands.events.publish(Noted(member_id.hex))

    await club.do(work)


async def read(club: Club, member_id: UUID) -> None:
    async def work(eyes: Eyes) -> None:
        for _ in range(2):
            await eyes.session.scalars(select(Member).where(Member.id == member_id))

    await club.look(work)


WORK: dict[str, Work] = {"last flush": join, "flush by the handler": flush_and_join, "query": read}


async def _nothing_leaked(club: Club, postgres: PostgresDatabases | None) -> None:
    """Check that nobody is in a transaction, that everybody can write at once, and that every connection can be had."""
    database = urlsplit(club.app.database.url)
    if database.scheme == "sqlite":
        with closing(sqlite3.connect(database.path.removeprefix("/"), timeout=AT_ONCE, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
    if postgres is not None:
        name = database.path.removeprefix("/")
        open_ones = await asyncio.to_thread(
            postgres.run_sql,
            f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND state LIKE 'idle in transaction%'",  # noqa: S608
        )
        assert open_ones.strip() == "0"

    async def look(eyes: Eyes) -> int:
        return int(await eyes.session.scalar(text("SELECT 1")) or 0)

    async with asyncio.timeout(PATIENCE):
        await join(club, uuid4())
        assert await asyncio.gather(*(club.look(look) for _ in range(READERS))) == [1] * READERS


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
async def test_cancelling_at_any_wait_leaks_nothing(
    club: Club, work: Work, request: pytest.FixtureRequest, *, late: bool
) -> None:
    """A command or query that is cancelled at its nth wait is whole or not at all, and the next one goes on at once."""
    is_postgres = club.app.database.url.startswith("postgres")
    postgres = request.getfixturevalue("postgres") if is_postgres else None
    await work(club, uuid4())  # what is learnt once and kept is learnt now
    began, cancelled = time.monotonic(), 0
    for number in range(1, MOST_WAITS):
        member_id = uuid4()
        steps = CancelledAt(work(club, member_id), number, late=late)

        async def stepwise(steps: CancelledAt[object] = steps) -> None:
            await steps

        task = asyncio.create_task(stepwise())
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({task})
        cancelled += task.cancelled()
        if not task.cancelled():
            task.result()
        await _nothing_leaked(club, postgres)
        emails, notes = await club.emails(), await club.notes()
        assert (member_id.int in emails) is (f"club_notes-{member_id.hex}" in notes)
        if not steps.struck:
            break
    else:
        pytest.fail("it waits more often than anybody tried")
    assert cancelled or club.app.database.url.startswith("memory")  # which waits for nobody
    assert time.monotonic() - began < MOST_WAITS * PATIENCE
