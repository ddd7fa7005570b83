"""A key that another process executes is refused at once, and is free as soon as that process is gone."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from duolog.adapters.postgres.held_keys import MOST_LOCKS, HeldKeys
from duolog.adapters.postgres.location import parse_location
from duolog.errors import IdempotencyInFlightError
from duolog.testing.servers import PostgresDatabases
from duolog.write.idempotency import IdempotencyScope
from tests.integration.postgres.slow_holder import Depot, SendParcel, parcels

ROOT = Path(__file__).parents[3]
SECONDS = 30.0
KEY = "7c1b"
SCOPE = IdempotencyScope("", "ann", "parcel.send")
_HELD = """
FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND datname = current_database()
"""
LOCKS = f"SELECT count(*) {_HELD}"
HOLDERS = f"SELECT count(DISTINCT pid), count(*), min(state) {_HELD}"
END_HOLDERS = f"SELECT pg_terminate_backend(pid) {_HELD}"


@pytest.fixture
def url(fresh_postgres_url: str) -> str:
    return fresh_postgres_url


@asynccontextmanager
async def executing(url: str) -> AsyncGenerator[Process]:
    """Have another process in the middle of the command with the key."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.postgres.slow_holder", url, KEY), stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        assert await said(process) == b"running\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        return await process.stdout.readline()


async def until_not_in_flight(send: Callable[[], Awaitable[str]]) -> str:
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await send()
            except IdempotencyInFlightError:
                await asyncio.sleep(0.001)


async def test_a_key_that_another_process_executes_is_refused_without_running_the_command(url: str) -> None:
    """The interactor is not even made; once the other process has committed, its answer is given."""
    depot = Depot("second", waits=False)
    async with parcels(url, depot) as app, executing(url) as holder:
        for _ in range(3):
            with pytest.raises(IdempotencyInFlightError):
                await app.execute(SendParcel(), idempotency_key=KEY)
        assert await app.execute(SendParcel(), idempotency_key="another") == "second"
        assert depot.runs == 1
        assert holder.stdin is not None
        holder.stdin.close()
        assert await said(holder) == b"answered\n"
        assert await app.execute(SendParcel(), idempotency_key=KEY) == "holder"
    assert depot.runs == 1


async def test_the_key_of_a_killed_process_is_free_at_once(url: str) -> None:
    """No lease has to run out: the server ends the session with its connection."""
    depot = Depot("second", waits=False)
    async with parcels(url, depot) as app, executing(url) as holder:
        with pytest.raises(IdempotencyInFlightError):
            await app.execute(SendParcel(), idempotency_key=KEY)
        holder.kill()
        async with asyncio.timeout(30):
            assert await until_not_in_flight(lambda: app.execute(SendParcel(), idempotency_key=KEY)) == "second"
    assert depot.runs == 1


async def test_a_command_runs_once_however_many_applications_send_it(url: str) -> None:
    """Whoever gets a key looks for its answer after that, so nobody runs what another one has just committed."""
    depots = [Depot(name, waits=False) for name in ("first", "second")]
    async with parcels(url, depots[0]) as first, parcels(url, depots[1]) as second:
        for number in range(50):
            calls = [partial(app.execute, SendParcel(), idempotency_key=f"{number}") for app in (first, second)]
            answers = await asyncio.gather(*(until_not_in_flight(call) for call in calls * 3))
            assert len(set(answers)) == 1
    assert sum(depot.runs for depot in depots) == 50


async def test_keys_take_one_connection_and_no_transaction(url: str, postgres: PostgresDatabases) -> None:
    """However many are held, one idle session holds them all, and none is left when they are let go."""
    keys = HeldKeys(parse_location(url))
    names = [f"key-{number}" for number in range(100)]
    try:
        assert await asyncio.gather(*(keys.hold(SCOPE, name) for name in names)) == [True] * 100
        assert postgres.run_sql(HOLDERS, database=name_of(url)) == "1|100|idle"
        for name in names:
            keys.let_go(SCOPE, name)
        assert await keys.hold(SCOPE, "last")  # goes with, or after, those
        assert postgres.run_sql(LOCKS, database=name_of(url)) == "1"
    finally:
        await keys.close()


async def test_no_more_locks_are_taken_than_the_server_can_spare(url: str, postgres: PostgresDatabases) -> None:
    """Keys above the bound are held in their own process only."""
    keys, others = HeldKeys(parse_location(url)), HeldKeys(parse_location(url))
    try:
        names = [f"key-{number}" for number in range(MOST_LOCKS + 10)]
        assert await asyncio.gather(*(keys.hold(SCOPE, name) for name in names)) == [True] * len(names)
        assert postgres.run_sql(LOCKS, database=name_of(url)) == str(MOST_LOCKS)
        assert not await keys.hold(SCOPE, names[-1])
        assert await others.hold(SCOPE, names[-1])
    finally:
        await keys.close()
        await others.close()


async def test_a_lost_session_fails_no_command_and_is_replaced(url: str, postgres: PostgresDatabases) -> None:
    """What it held is free for others, and so is told; the next keys are held by a new one."""
    keys, others = HeldKeys(parse_location(url)), HeldKeys(parse_location(url))
    try:
        assert await keys.hold(SCOPE, "before")
        postgres.run_sql(END_HOLDERS, database=name_of(url))
        assert await keys.hold(SCOPE, "meanwhile")
        assert not await keys.hold(SCOPE, "before")
        assert await others.hold(SCOPE, "before")
        keys.let_go(SCOPE, "before")
        name = "after"
        async with asyncio.timeout(SECONDS):
            for number in range(10_000):
                name = f"after-{number}"
                assert await keys.hold(SCOPE, name)
                if not await others.hold(SCOPE, name):
                    break
                await asyncio.sleep(0.05)
        assert not await others.hold(SCOPE, name)
    finally:
        await keys.close()
        await others.close()


async def test_behind_a_pooler_keys_are_held_in_the_process_only() -> None:
    """Its sessions are everybody's: nothing is locked in them, and no connection is made."""
    pooled = parse_location("postgresql://nobody@127.0.0.1:1/nowhere?prepared_statements=off")
    keys = HeldKeys(pooled)
    assert await keys.hold(SCOPE, KEY)
    assert not await keys.hold(SCOPE, KEY)
    keys.let_go(SCOPE, KEY)
    assert await keys.hold(SCOPE, KEY)
    await keys.close()


async def test_an_unreachable_server_lets_keys_be_held(caplog: pytest.LogCaptureFixture) -> None:
    """It is the commit that decides, so nothing waits, and nobody is refused, because nobody could be asked."""
    caplog.set_level(logging.DEBUG)
    keys = HeldKeys(parse_location("postgresql://nobody@127.0.0.1:1/nowhere"))
    assert await keys.hold(SCOPE, KEY)
    assert not await keys.hold(SCOPE, KEY)
    assert "not told" in caplog.text
    await keys.close()


def name_of(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]
