"""What becomes of appends whose connection is lost: found, or certainly not recorded; never sent again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from duolog.adapters.postgres.database import PostgresDatabase
from duolog.errors import RolledBackError
from duolog.eventstore.appends import Append
from duolog.testing.contracts.samples import SECONDS, new_events
from tests.integration.postgres.cut_connection import Wire, wire_to
from tests.integration.postgres.logs import append, opened, session, until

WAITS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database() AND query LIKE '%append%'
"""


@pytest.fixture
def url(fresh_postgres_url: str) -> str:
    return fresh_postgres_url


@pytest.fixture
async def wired(url: str) -> AsyncIterator[tuple[PostgresDatabase, Wire]]:
    async with wire_to(url) as (wire, through), opened(through) as database:
        for count in (1, 2):  # the statements are prepared before anything is lost
            await database.store.append("warm-1", new_events(count))
        yield database, wire


async def test_a_committed_append_whose_answer_is_lost_is_found(url: str, wired: tuple[PostgresDatabase, Wire]) -> None:
    """The socket is cut when the server has committed and answered: the append ends as if nothing had happened."""
    database, wire = wired
    wire.swallow_answers()
    events = new_events(2)
    async with opened(url) as other:
        appending = asyncio.create_task(database.store.append("user-1", events))
        await until(lambda: other.store.read_stream("user-1"))
        wire.cut()
        outcome = await asyncio.wait_for(appending, SECONDS)
        assert outcome.versions == {"user-1": 2}
        assert [event.position for event in await other.store.read_stream("user-1")] == [
            outcome.first_position,
            outcome.position,
        ]


async def test_an_append_that_still_runs_is_ended_before_it_is_looked_for(
    url: str, wired: tuple[PostgresDatabase, Wire]
) -> None:
    """The socket is cut while the server is in the middle: a look-up would say "absent", and be wrong later."""
    database, wire = wired
    async with session(url) as blocker:
        await blocker.execute("BEGIN")
        await append(blocker, "user-1")
        waiting = asyncio.create_task(database.store.append_all([Append("user-1", tuple(new_events(1)))]))
        await until(lambda: blocker.fetchval(WAITS))
        wire.cut()
        with pytest.raises(RolledBackError):
            await asyncio.wait_for(waiting, SECONDS)
        await blocker.execute("ROLLBACK")  # now it could go on, if it were still there
        assert await blocker.fetchval("SELECT count(*) FROM \"duolog\".events WHERE stream = 'user-1'") == 0
        assert not await blocker.fetchval(WAITS)


async def test_all_of_a_batch_learn_their_own_outcomes(url: str, wired: tuple[PostgresDatabase, Wire]) -> None:
    """Everybody whose append was in the lost call is told what became of it."""
    database, wire = wired
    async with opened(url) as other, session(url) as blocker:
        await blocker.execute("BEGIN")
        await append(blocker, "user-0")  # so that a whole call waits in the server
        appending = asyncio.gather(*(database.store.append(f"user-{n}", new_events(1)) for n in range(20)))
        await until(lambda: blocker.fetchval(WAITS))
        wire.swallow_answers()
        await blocker.execute("ROLLBACK")
        await until(lambda: other.store.read_stream("user-0"))
    wire.cut()
    recorded = await asyncio.wait_for(appending, SECONDS)
    streams = [await database.store.read_stream(f"user-{n}") for n in range(20)]
    assert [events[0].position for events in streams] == [outcome.position for outcome in recorded]
