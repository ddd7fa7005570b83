"""E1, E4: the server is killed again and again; what was acknowledged is there, once, whole and in its place."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

from duolog.testing.servers import PostgresServer
from tests.faults.contender import STREAMS
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.linearizability import check_stream
from tests.faults.postgres.killed_server import SETTINGS, killed_again_and_again, make_log
from tests.faults.processes import Writer, running
from tests.faults.units import checked_units

SECONDS = size(short=4, long=300)
WRITERS = 2
UNITS = "SELECT stream, version, data::text FROM \"duolog\".events WHERE type = 'unit.written' ORDER BY position"
VERSIONS = 'SELECT stream, version, event_id::text FROM "duolog".events ORDER BY position'


@pytest.fixture
async def killable() -> AsyncIterator[tuple[PostgresServer, str]]:
    """A server with an empty log, and the log's URL."""
    with PostgresServer(settings=SETTINGS) as server:
        url = server.create_database("log")
        await make_log(url)
        yield server, url


async def rows_of(url: str, sql: str) -> Sequence[Any]:
    """Read with plain SQL."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(sql)
    finally:
        await connection.close()


async def run_through_kills(experiment: Experiment, server: PostgresServer, module: str, *arguments: str) -> None:
    """Run clients in two processes while the server is killed again and again."""
    async with AsyncExitStack() as stack:
        writers = [await stack.enter_async_context(running(experiment, module, arguments)) for _ in range(WRITERS)]
        await asyncio.gather(*(writer.until("ok") for writer in writers))
        ends = [asyncio.create_task(_followed(writer, experiment)) for writer in writers]
        async with killed_again_and_again(server, experiment):
            await asyncio.sleep(SECONDS)
        for writer in writers:
            writer.stop()
        await asyncio.gather(*ends)


async def _followed(writer: Writer, experiment: Experiment) -> None:
    experiment.expect(await writer.rest() == 0, "a client failed")


async def test_what_was_acknowledged_survives_kills_of_the_server(killable: tuple[PostgresServer, str]) -> None:
    experiment = Experiment("E1 kill -9 of the PostgreSQL server")
    server, url = killable
    # Whoever runs the database has chosen not to wait for the disk; events are waited for all the same.
    await rows_of(url, "ALTER DATABASE log SET synchronous_commit = off")
    await run_through_kills(experiment, server, "tests.faults.writer", url)
    experiment.compare(checked_units([tuple(row) for row in await rows_of(url, UNITS)], experiment))
    experiment.conclude()


async def test_appends_are_linearizable_across_kills_of_the_server(killable: tuple[PostgresServer, str]) -> None:
    experiment = Experiment("E4 contention: 8 clients, 5 streams, kill -9 of the PostgreSQL server")
    server, url = killable
    await run_through_kills(experiment, server, "tests.faults.contender", url)
    found: dict[str, list[tuple[int, str]]] = {}
    for stream, version, event_id in await rows_of(url, VERSIONS):
        found.setdefault(stream, []).append((version, event_id))
    assert len(found) == STREAMS
    for stream, versions in found.items():
        asked = {name: each for name, each in experiment.operations.items() if each.details[0] == stream}
        experiment.violations.extend(f"{stream}: {wrong}" for wrong in check_stream(versions, asked))
    appends = {name for name in experiment.operations if not name.startswith("read-")}
    experiment.expect(appends & experiment.names(Answer.FAIL), "nobody ever lost: nothing was fought over")
    experiment.compare((name for versions in found.values() for _, name in versions), among=appends)
    experiment.conclude()
