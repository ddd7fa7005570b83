"""E14: the link to the server is down, then comes SIGTERM: appends are answered all the same, and the process ends."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from duolog.testing.servers import PostgresDatabases
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.postgres.killed_server import make_log
from tests.faults.processes import ROOT, running
from tests.faults.units import checked_units
from tests.faults.workers.link import Link, held_link, network_link

DOWN = size(short=3, long=30)
DRAIN = 1.0
CLOSING = 6.0
"""What closing may take besides draining: pages that run, leases that are released, connections that are cut."""
LOADED = 5.0
PATIENCE = 60.0
UNITS = "SELECT stream, version, data::text FROM \"duolog\".events WHERE type = 'unit.written' ORDER BY position"
# A link that loses packets is noticed by TCP, whatever a statement may take; one that acknowledges and never answers,
# by the time that a statement may take.
LINKS = {
    "packets lost": (network_link, "connect_timeout=1000&answer_timeout=1000&statement_timeout=60000"),
    "never answered": (held_link, "connect_timeout=1000&answer_timeout=1000&statement_timeout=1000"),
}
ANSWERED_WITHIN = 6.0
"""A statement's time and the link's, for the append and for looking up what became of it."""


@asynccontextmanager
async def clerking(link: Link, url: str) -> AsyncGenerator[Process]:
    """A worker at the other end of a link."""
    process = await asyncio.create_subprocess_exec(
        *link.prefix, sys.executable, "-m", "tests.faults.workers.clerk", url, str(DRAIN), stdout=PIPE, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def succeeded(experiment: Experiment, since: float) -> list[float]:
    """Return when appends succeeded that were asked for after a moment."""
    return [
        each.answered for each in experiment.operations.values() if each.answer is Answer.OK and each.invoked > since
    ]


async def works_again(experiment: Experiment, since: float) -> None:
    """Wait until an append succeeds that was asked for after a moment."""
    async with asyncio.timeout(PATIENCE):
        while not succeeded(experiment, since):  # noqa: ASYNC110 - another task notes them
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", LINKS)
async def test_a_link_that_is_down_hangs_nobody(postgres: PostgresDatabases, kind: str) -> None:
    make_link: Callable[[str], AbstractAsyncContextManager[Link]]
    make_link, options = LINKS[kind]
    experiment = Experiment(f"E14 link down, then SIGTERM: {kind}")
    with postgres.new_database() as url:
        await make_log(url)
        async with make_link(url) as link:
            through = f"{link.url}?{options}"
            async with (
                clerking(link, through) as clerk,
                running(
                    experiment, "tests.faults.writer", (through, "--clients", "4", "--drain"), prefix=link.prefix
                ) as writer,
            ):
                await writer.until("ok", 20)
                link.down()
                struck = time.monotonic()
                experiment.fault(f"link down: {kind}", at=struck, overlaps=True)
                follow = asyncio.create_task(writer.rest())
                await asyncio.sleep(DOWN)
                clerk.send_signal(signal.SIGTERM)
                asked = time.monotonic()
                await asyncio.wait_for(clerk.wait(), 120)
                took = time.monotonic() - asked
                experiment.expect(took < DRAIN + CLOSING + LOADED, f"a worker took {took:.1f} s to end")
                link.up()
                back = time.monotonic()
                await works_again(experiment, back)
                writer.stop()
                experiment.expect(await follow == 0, "the writer failed")
        experiment.recoveries.append(min(succeeded(experiment, back)) - back)
        slowest = max(each.answered - each.invoked for each in experiment.operations.values())
        experiment.expect(slowest < ANSWERED_WITHIN + LOADED, f"an append was answered after {slowest:.1f} s")
        connection = await asyncpg.connect(url)
        found = [tuple(row) for row in await connection.fetch(UNITS)]
        await connection.close()
    experiment.compare(checked_units(found, experiment))
    experiment.conclude()
