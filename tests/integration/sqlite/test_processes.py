"""Several processes on one file, and what a killed one leaves behind."""

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from duolog.database.port import Database
from duolog.errors import DatabaseBusyError
from duolog.eventstore.appends import Appended
from duolog.testing.contracts.samples import SECONDS, followed, new_event, outcomes

APPENDER = Path(__file__).with_name("appender.py")


async def appender(path: Path, count: int, stream: str) -> Process:
    url = f"sqlite:///{path}"
    return await asyncio.create_subprocess_exec(sys.executable, str(APPENDER), url, str(count), stream, stdout=PIPE)


async def test_another_processs_append_wakes_a_subscriber(database: Database, path: Path) -> None:
    following = asyncio.create_task(followed(database.store.subscribe(), events=6))
    other = await appender(path, 3, "other")
    assert {event.stream for event in await following} == {"other-0", "other-1", "other-2"}
    assert await other.wait() == 0


async def test_what_was_acknowledged_survives_a_kill(make_database: Callable[..., Database], path: Path) -> None:
    writer = await appender(path, 0, "user")
    assert writer.stdout is not None
    acknowledged: set[UUID] = set()
    async with asyncio.timeout(SECONDS):
        while len(acknowledged) < 500:
            acknowledged.add(UUID((await writer.stdout.readline()).decode().strip()))
        writer.kill()
        rest = await writer.stdout.read()
        await writer.wait()
    acknowledged |= {UUID(line.decode().strip()) for line in rest.splitlines(keepends=True) if line.endswith(b"\n")}

    database = make_database()
    await database.open()
    events = (await database.store.read_all(limit=100_000)).events
    assert acknowledged <= {event.event_id for event in events}
    streams = [event.stream for event in events]
    assert {streams.count(stream) for stream in streams} == {2}, "half of an append is in the log"
    assert (await database.store.append("user-next", [new_event()])).position > events[-1].position
    await database.close()


async def test_processes_may_make_a_file_together(make_database: Callable[..., Database], path: Path) -> None:
    processes = await asyncio.gather(*(appender(path, 5, f"writer_{name}") for name in "abcd"))
    async with asyncio.timeout(SECONDS * 2):
        assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    for process in processes:
        assert process.stdout is not None
        assert len((await process.stdout.read()).splitlines()) == 5
    database = make_database()
    await database.open()
    assert len((await database.store.read_all()).events) == 40
    await database.close()


async def test_a_lock_that_is_kept_too_long_is_a_clear_error(
    make_database: Callable[..., Database], path: Path
) -> None:
    database = make_database("?busy_timeout=50")
    await database.open()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    _, errors = await outcomes(database.store.append(f"user-{n}", [new_event()]) for n in range(3))
    assert [type(error) for error in errors] == [DatabaseBusyError] * 3
    assert "busy_timeout" in str(errors[0])
    with pytest.raises(DatabaseBusyError):
        await database.committer.hold_writer(seconds=SECONDS)
    other.execute("ROLLBACK")
    other.close()
    assert isinstance(await database.store.append("user-1", [new_event()]), Appended)
    await database.close()
