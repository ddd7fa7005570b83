"""E8: a view is rebuilt under live writes, twice at once and killed midway; every generation is the fold of the log."""

import asyncio
import hashlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from duolog import Application
from duolog.admin.projection_audit import audit_projection
from duolog.database.stored_tables import StoredTable
from duolog.subscriptions.generations import Role
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.processes import ROOT, SECONDS
from tests.integration.rebuilds.orders import NAME, OrderTotals, Traffic, make_application, place
from tests.unit.subscriptions.eventually import eventually

_FIRST = 100


@asynccontextmanager
async def _rebuilder(url: str) -> AsyncGenerator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.rebuilder", url, stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _line(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(SECONDS):
        return (await process.stdout.readline()).decode().strip()


async def _until_live(process: Process) -> int:
    while line := await _line(process):
        word, number = line.split()
        if word == "live":
            return int(number)
    return 0


async def _killed_midway(url: str, experiment: Experiment) -> None:
    """Begin two rebuilds at once, and kill both, one after the other."""
    async with _rebuilder(url) as one, _rebuilder(url) as two:
        for process in (one, two):
            line = await _line(process)
            await asyncio.sleep(experiment.chance.uniform(0, 0.3))
            if process.returncode is None:
                process.kill()
                experiment.fault("kill -9 of a rebuild", overlaps=line.startswith("built"))


async def _ids(app: Application, table: StoredTable) -> list[str]:
    reader = app.database.open_reader()
    try:
        sql = f"SELECT id, amount FROM {table.source} ORDER BY id"  # noqa: S608 - quoted by the database
        return [f"{row['id']}={row['amount']}" for row in await reader.fetch(sql)]
    finally:
        await reader.close()


async def _are_caught_up(app: Application, head: int) -> bool:
    generations = {each.number for each in await app.database.generations.read(NAME) if each.role is not Role.SHADOW}
    positions = [each for each in await app.database.checkpoints.read_all() if each.share.generation in generations]
    return all(each.position >= head for each in positions)


async def _every_generation_is_the_fold(app: Application, experiment: Experiment, expected: list[str]) -> None:
    head = await app.database.store.head()
    await eventually(lambda: _are_caught_up(app, head), seconds=SECONDS)
    folded = hashlib.sha256("\n".join(expected).encode()).hexdigest()
    for generation in await app.database.generations.read(NAME):
        if generation.role is Role.SHADOW:
            continue
        (table,) = await app.database.stored_tables(generation)
        found = await _ids(app, table)
        if generation.role is Role.LIVE:
            experiment.compare([each.partition("=")[0] for each in found])
        same = hashlib.sha256("\n".join(found).encode()).hexdigest() == folded
        experiment.expect(same, f"generation {generation.number} ({generation.role.value}) is not the fold of the log")
    for audit in await audit_projection(app.database, OrderTotals, app.codec):
        experiment.expect(not audit.differences, f"generation {audit.generation} has {audit.differences}")


async def test_rebuilds_under_live_writes_twice_at_once_and_killed_midway_give_the_fold_of_the_log(url: str) -> None:
    experiment = Experiment(f"E8 rebuild under live writes, twice at once, killed midway ({url.partition(':')[0]})")
    orders = list(range(_FIRST, _FIRST + size(short=300, long=5_000)))
    async with make_application(url) as app:
        await place(app, orders)
        for number in range(size(short=1, long=20)):
            # Below a million: numbers of one length are in the order of their texts.
            async with Traffic(app, begin=10_000 * (number + 1)).running() as traffic:
                await _killed_midway(url, experiment)
                async with _rebuilder(url) as one, _rebuilder(url) as two:
                    lives = await asyncio.gather(_until_live(one), _until_live(two))
            experiment.expect(max(lives) > 0, "no rebuild was switched")
            experiment.expect(not traffic.errors, f"queries or commands failed: {traffic.errors[:3]}")
            experiment.expect(traffic.answers, "no query was answered")
            orders += traffic.placed
            for order in orders:
                if f"{order:06}" not in experiment.operations:
                    experiment.invoke(f"{order:06}")
                    experiment.answer(f"{order:06}", Answer.OK)
            expected = [f"{order:06}={order}" for order in sorted(orders)]
            await _every_generation_is_the_fold(app, experiment, expected)
    experiment.conclude()
