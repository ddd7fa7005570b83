"""Processes that are killed, stopped and continued lose nothing and apply nothing twice."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from duolog.admin.projection_audit import audit_projection
from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.subscriptions.shares import HeldShare
from tests.unit.projections.accounts import QUICK, AccountOpened, AmountMoved, Worker, folded
from tests.unit.projections.test_shares import DividedProjection

SECONDS = 60


@pytest.fixture(params=["postgres", "sqlite"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("fresh_postgres_url"))
    return f"sqlite:///{tmp_path / 'log.db'}"


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = open_database(url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def workers() -> AsyncIterator[list[Process]]:
    started: list[Process] = []
    yield started
    for process in started:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            await process.wait()


async def start(url: str) -> tuple[Process, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.share_worker", url, stdout=PIPE
    )
    assert process.stdout is not None
    return process, (await process.stdout.readline()).decode().strip()


async def survey_until(database: Database, holds: Callable[[list[HeldShare]], bool]) -> list[HeldShare]:
    async with asyncio.timeout(SECONDS):
        while not holds(shares := list((await database.shares.survey()).shares)):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)
    return shares


async def test_workers_that_are_stopped_and_killed_leave_a_view_that_equals_its_log(
    database: Database, url: str, workers: list[Process]
) -> None:
    client = Worker(database, [DividedProjection])
    await client.prepare_view(DividedProjection)
    names: list[str] = []
    for _ in range(3):
        process, name = await start(url)
        workers.append(process)
        names.append(name)
    await survey_until(database, lambda shares: {each.owner for each in shares} == set(names))

    history: list[tuple[str, object]] = []
    is_over = asyncio.Event()

    async def write() -> None:
        number = 0
        while not is_over.is_set():
            account = f"account-{number % 37 * 7919}"
            happened = AccountOpened("ann") if number < 37 else AmountMoved(number % 7)
            history.append((account, happened))
            await client.append(account, happened)
            number += 1
            await asyncio.sleep(0.002)

    writing = asyncio.create_task(write())
    stopped, killed = workers[0], workers[1]
    stopped.send_signal(signal.SIGSTOP)
    await survey_until(database, lambda shares: all(each.owner not in {None, names[0]} for each in shares))
    stopped.send_signal(signal.SIGCONT)  # it finds its leases gone, and its page refused
    killed.kill()
    left = {names[0], names[2]}
    await survey_until(database, lambda shares: {each.owner for each in shares} == left)
    is_over.set()
    await writing

    head = await database.store.head()
    await survey_until(database, lambda shares: all(each.position >= head for each in shares))
    assert await client.balances() == folded(history).balances
    audits = await audit_projection(database, DividedProjection, client.codec)
    assert not any(each.differences for each in audits)
    assert sum(each.count for each in audits) == len(history)


async def test_a_killed_workers_shares_are_taken_in_time(database: Database, url: str, workers: list[Process]) -> None:
    """Within 1.2 leases of its last heartbeat, and what the other one needs to look; at once where its death shows."""
    client = Worker(database, [DividedProjection])
    await client.prepare_view(DividedProjection)
    first, _ = await start(url)
    second, name = await start(url)
    workers += [first, second]
    await survey_until(database, lambda shares: len({each.owner for each in shares} - {None}) == 2)
    first.kill()
    await first.wait()
    began = asyncio.get_running_loop().time()
    await survey_until(database, lambda shares: {each.owner for each in shares} == {name})
    took = asyncio.get_running_loop().time() - began
    assert took < 1.2 * QUICK.lease + 1.0
