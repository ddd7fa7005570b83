"""Four workers are killed, stopped and continued at random while events are appended; views are folds of the log."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from duolog.admin.projection_audit import audit_projection
from duolog.container.databases import open_database
from duolog.database.port import Database
from tests.faults.experiment import Experiment, size
from tests.faults.processes import running
from tests.faults.workers.appender import EVENTS
from tests.faults.workers.bank import PROJECTIONS, codec, folded
from tests.faults.workers.crew import crew
from tests.faults.workers.journal import check_journal, plain
from tests.unit.projections.accounts import Worker

APPENDER = "tests.faults.workers.appender"
SECONDS = size(short=3, long=600)
RATE = size(short=300, long=2_000)
WORKERS = 4
LEASE = size(short=6, long=50) / 10
LOADED = 5.0
"""What a loaded machine may take beyond 1.2 leases."""
PATIENCE = size(short=60, long=1_800)
_LOG = "SELECT stream, data FROM {events} WHERE type = 'bank.deposited' ORDER BY position"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database with the bank's views."""
    opened = open_database(url)
    await opened.open()
    await Worker(opened, PROJECTIONS, codec=codec()).runtime.create()
    yield opened
    await opened.close()


async def caught_up(database: Database) -> None:
    """Wait until every share has the log's end."""
    head = await database.store.head()
    async with asyncio.timeout(PATIENCE):
        while any(each.position < head for each in (await database.shares.survey()).shares):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)


def waiting_shortly(url: str) -> str:
    """Let the server end the transactions of those who stand still after a lease, as it does by default."""
    return f"{url}?idle_in_transaction_timeout={round(LEASE * 1_000)}"


def waiting_long(url: str) -> str:
    """Let everybody wait for a file's lock, which nobody can take from who stands still with it."""
    return f"{url}?busy_timeout={PATIENCE * 1_000}"


def check_log(log: Sequence[tuple[str, dict[str, Any]]], experiment: Experiment) -> None:
    """Compare the log's units with what was answered."""
    events: dict[str, int] = {}
    for _, deposit in log:
        events[deposit["unit"]] = events.get(deposit["unit"], 0) + 1
    torn = [unit for unit, count in events.items() if count != EVENTS]
    experiment.expect(not torn, f"units {torn[:3]} are there in part, or doubled")
    experiment.compare(list(events))


async def test_the_views_of_tormented_workers_are_folds_of_the_log(database: Database, url: str) -> None:
    kind = url.partition(":")[0]
    experiment = Experiment(f"workers: 4 killed, stopped and continued at random: {kind}")
    of_workers, of_appender = (waiting_shortly(url), url) if kind == "postgresql" else (waiting_long(url),) * 2
    database_of_test = plain(url)
    await database_of_test.keep_journal()
    async with AsyncExitStack() as stack:
        workers = await stack.enter_async_context(crew(experiment, database, of_workers, str(LEASE)))
        names = await asyncio.gather(*(workers.hire() for _ in range(WORKERS)))
        await workers.all_owned_by(*names)
        appender = await stack.enter_async_context(running(experiment, APPENDER, (of_appender, str(RATE))))
        await appender.until("ok")
        began = time.monotonic()
        until = began + SECONDS
        follow = asyncio.create_task(appender.rest())
        async with asyncio.TaskGroup() as torments:
            for name in names:
                torments.create_task(workers.torment(name, until, lease=LEASE))
        appender.stop()
        experiment.expect(await follow == 0, "the appender failed")
        seconds = time.monotonic() - began
        await caught_up(database)

    log = [(stream, json.loads(data)) for stream, data in await database_of_test.rows(_LOG)]
    experiment.rate = len(log) / seconds
    check_log(log, experiment)
    for name, ids in (
        ("accounts_by_stream", [stream for stream, _ in log]),
        ("accounts_by_branch", [deposit["branch"] for _, deposit in log]),
    ):
        sql = f"SELECT id, deposits, digest FROM {name}"  # noqa: S608 - a constant
        view = {row[0]: tuple(row[1:]) for row in await database_of_test.rows(sql)}
        expected = folded(zip(ids, (deposit["amount"] for _, deposit in log), strict=True))
        wrong = [key for key in view.keys() | expected.keys() if view.get(key) != expected.get(key)]
        experiment.expect(not wrong, f"{name} is not the fold of the log for {len(wrong)} keys, like {wrong[:3]}")
    for projection in PROJECTIONS:
        audits = await audit_projection(database, projection, codec())
        differences = [each for audit in audits for each in audit.differences]
        experiment.expect(not differences, f"the audit of {projection.name} found {differences[:3]}")
        experiment.expect(
            sum(each.count for each in audits) == len(log), f"{projection.name} did not count every event"
        )
    await check_journal(database_of_test, experiment)
    experiment.expect(not await database.parking.read(), "something was parked")
    slowest = max(experiment.recoveries, default=0.0)
    experiment.expect(slowest < 1.2 * LEASE + LOADED, f"a share was without an owner for {slowest:.1f} s")
    experiment.conclude()
