"""A server of one's own that is killed, all of it at once, and started again."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

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

    async def kill() -> None:
        while True:
            await asyncio.sleep(experiment.chance.uniform(0.5, 1.5) * seconds)
            await kill_once(server, experiment)

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        killing.cancel()
        await asyncio.wait((killing,))
        await asyncio.to_thread(server.start)


async def kill_once(server: PostgresServer, experiment: Experiment) -> None:
    """Kill the server and start it again, and note how long it is away."""
    killed = time.monotonic()
    experiment.fault("kill of the server", at=killed)
    await asyncio.to_thread(server.kill)
    await asyncio.to_thread(server.start)
    experiment.recoveries.append(time.monotonic() - killed)
