"""E13: a worker stops in the middle of a page, past its lease; when it goes on, the database refuses its write."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.workers.bank import AccountProjection, Deposited, codec, folded
from tests.faults.workers.crew import Crew, crew
from tests.faults.workers.journal import check_journal, plain
from tests.faults.workers.zombie import STOP, STOPPED
from tests.unit.projections.accounts import Worker

LEASE = size(short=6, long=20) / 10
LOADED = 5.0
"""What a loaded machine may take beyond 1.2 leases."""
ROUNDS = size(short=1, long=50)
_PATIENCE = 60.0


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = open_database(url)
    await opened.open()
    await plain(url).keep_journal()
    yield opened
    await opened.close()


async def line_of(workers: Crew, name: str, *parts: str) -> str:
    """Read what a worker prints up to a line with one of these parts."""
    output = workers.processes[name].stdout
    assert output is not None
    async with asyncio.timeout(_PATIENCE):
        while line := (await output.readline()).decode():
            if any(part in line for part in parts):
                return line
    pytest.fail("the worker has ended")


async def taken(database: Database, stream: str, began: float, experiment: Experiment) -> None:
    """Take the share of a stream as soon as it can be had, do nothing with it, and note how long it took."""
    shares = (await database.shares.survey()).shares
    (share,) = (each.share for each in shares if each.share.buckets.hold("", stream))
    async with asyncio.timeout(_PATIENCE):
        while await database.leases.acquire(share, "heir", seconds=60) is None:
            asked = time.monotonic()
            await asyncio.sleep(0.02)
            experiment.expect(time.monotonic() - asked < LOADED, "who asked for a share had to wait for its owner")
    experiment.recoveries.append(time.monotonic() - began)


async def given_back(database: Database) -> None:
    """Give back what the heir has."""
    for lease in await database.leases.read_all():
        if lease.owner == "heir":
            await database.leases.release(lease)


async def stop_in_a_page(database: Database, url: str, experiment: Experiment, turn: int, how: str) -> None:
    """Let a worker stop in a page of a stream of its own, take its share, and let it go on."""
    stream = f"account-{turn}"
    worker = Worker(database, [AccountProjection], codec=codec())
    limited = url if url.startswith("sqlite") else f"{url}?idle_in_transaction_timeout={round(LEASE * 1_000)}"
    async with crew(experiment, database, limited, str(LEASE), how) as workers:
        name = await workers.hire("-m", "tests.faults.workers.zombie")
        experiment.invoke(stream)
        await worker.append(stream, Deposited(STOP, "branch", 7), Deposited("more", "branch", 8))
        experiment.answer(stream, Answer.OK)
        await line_of(workers, name, STOPPED)
        experiment.fault("stop in a page, past the lease", overlaps=True)
        began = time.monotonic()
        await taken(database, stream, began, experiment)
        experiment.expect(time.monotonic() - began < 1.2 * LEASE + LOADED, "its share was not free in time")
        workers.processes[name].send_signal(signal.SIGCONT)
        refused = await line_of(workers, name, "is not at position", "failed; it goes on trying", "has taken")
        if how == "writes":
            experiment.expect("is not at position" in refused, f"its write was not refused, but {refused}")
        rows = await plain(url).rows(f"SELECT deposits FROM accounts_by_stream WHERE id = '{stream}'")  # noqa: S608 - ours
        experiment.expect(not rows, f"a zombie has written {rows}")
        await given_back(database)
        async with asyncio.timeout(_PATIENCE):
            head = await database.store.head()
            while any(each.position < head for each in (await database.shares.survey()).shares):  # noqa: ASYNC110 - processes
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", ["writes", "reads"])
async def test_what_a_worker_writes_past_its_lease_is_refused(database: Database, url: str, how: str) -> None:
    if how == "reads" and url.startswith("sqlite"):
        pytest.skip("a process that stands still in a transaction keeps a file's lock, and nobody can take it away")
    experiment = Experiment(f"E13 stopped in a page, past the lease: {url.partition(':')[0]}, {how}")
    await Worker(database, [AccountProjection], codec=codec()).runtime.create()
    for turn in range(ROUNDS):
        await stop_in_a_page(database, url, experiment, turn, how)
    view = {
        row[0]: tuple(row[1:]) for row in await plain(url).rows("SELECT id, deposits, digest FROM accounts_by_stream")
    }
    experiment.expect(
        view == folded((f"account-{turn}", amount) for turn in range(ROUNDS) for amount in (7, 8)),
        f"the view is {view}",
    )
    await check_journal(plain(url), experiment)
    experiment.compare(list(view))
    experiment.conclude()
