"""E6: a projector is killed at its messages to the server; its view is always the fold of the log."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from duolog import Application
from duolog.testing.servers import PostgresDatabases
from tests.faults.experiment import Experiment, size
from tests.faults.processes import ROOT
from tests.faults.tally import Tally, count, tally
from tests.faults.test_killed_projectors import is_the_fold

KILLS = size(short=8, long=2_000)
KILLS_OF_A_VIEW = size(short=8, long=50)
STREAMS = 3
AMOUNTS = 4  # come before each run, so that every projector has something to do
MESSAGES = 230
"""About so many messages a projector sends; who is to be killed later lives on."""
_PATIENCE = 60.0
# A killed owner's leases run out, and its heartbeats; waiting for that would take five seconds each time.
_TIME_PASSES = 'UPDATE "duolog".leases SET expires_at = 0; UPDATE "duolog".members SET expires_at = 0'


@asynccontextmanager
async def projecting() -> AsyncGenerator[Process]:
    """The parent of projectors."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.postgres.projector", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def projected(parent: Process, url: str, number: int, moment: str) -> str:
    """Let a projector run on a database to its nth message, and return what that said."""
    connection = await asyncpg.connect(url)
    await connection.execute(_TIME_PASSES)
    await connection.close()
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(f"{url} {number} {moment}\n".encode())
    async with asyncio.timeout(_PATIENCE):
        line = (await parent.stdout.readline()).decode().strip()
    assert line, "a projector failed"
    return line


@asynccontextmanager
async def writing(url: str) -> AsyncGenerator[Application]:
    """An application that only writes."""
    app = tally(url)
    await app.start(projections=False)
    try:
        yield app
    finally:
        await app.close()


async def test_a_killed_projector_leaves_a_view_that_is_the_fold_of_the_log_at_its_checkpoints(
    postgres: PostgresDatabases,
) -> None:
    experiment = Experiment("E6 kill -9 of the projector: every message, postgresql")
    kills = 0
    async with projecting() as parent:
        while kills < KILLS:
            with postgres.new_database() as url:
                async with writing(url) as app:
                    for run in range(KILLS_OF_A_VIEW):
                        await count(app, f"early-{run % STREAMS}", *range(1, AMOUNTS + 1))
                        moment = experiment.chance.choice(("before", "after"))
                        said = await projected(parent, url, experiment.chance.randint(1, MESSAGES), moment)
                        if said == "outlived":
                            continue
                        kills += 1
                        experiment.fault(f"kill {moment} {said}", overlaps=True)
                        is_the_fold(await Tally.on(url), experiment, f"{kills}/{run}")
                began = time.monotonic()
                await projected(parent, url, 1_000_000, "after")
                experiment.recoveries.append(time.monotonic() - began)
                is_the_fold(await Tally.on(url), experiment, f"{kills}/end")
    experiment.conclude()
