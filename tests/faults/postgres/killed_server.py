"""A server of one's own that is killed, all of it at once, and started again."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from duolog.container.databases import open_database
from duolog.testing.servers import PostgresServer, PostgresSettings
from tests.faults.experiment import Experiment

KILL_SECONDS = 0.7

# Nobody but whoever waits for a commit writes the server's journal, so that what was not waited for is lost in a kill.
SETTINGS = PostgresSettings(max_prepared_transactions=50, others={"wal_writer_delay": "10s"})


async def make_log(url: str) -> None:
    """Make an empty log."""
    database = open_database(url)
    await database.open()
    await database.close()


@asynccontextmanager
async def killed_again_and_again(
    server: PostgresServer, experiment: Experiment, seconds: float = KILL_SECONDS
) -> AsyncGenerator[None]:
    """Kill the server again and again for the length of a block; after it the server runs."""
    ended = asyncio.Event()

    async def kill() -> None:
        while not await _within(experiment.chance.uniform(0.5, 1.5) * seconds, ended):
            await kill_once(server, experiment)

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        # Not cancelled: a kill goes on in its thread all the same, and would end the server after the block.
        ended.set()
        await killing


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event, and tell whether it happened in time."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def kill_once(server: PostgresServer, experiment: Experiment) -> None:
    """Kill the server and start it again, and note how long it is away."""
    killed = time.monotonic()
    experiment.fault("kill of the server", at=killed)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    experiment.recoveries.append(time.monotonic() - killed)
