"""E9: 1 % of events raise, others cannot be decoded, are unknown or refused; each stops its own stream only."""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from duolog.database.port import Database
from duolog.messages.envelope import NewEvent
from duolog.projections.parked_retry import ParkedRetry
from duolog.projections.poison import Poison
from duolog.projections.projection import Projection
from duolog.subscriptions.parked_choice import ParkedChoice
from duolog.subscriptions.parking import ParkReason
from tests.contract.backends import MakeDatabase
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.poisoned import PASSES, RAISES, REFUSED, Applied, AppliedInSets, Repaired, undecodable, unknown
from tests.unit.projections.accounts import AmountMoved, Worker

STREAMS = 80
KINDS: Final[Mapping[str, Callable[[], AmountMoved | NewEvent]]] = {
    "handler raised": lambda: AmountMoved(RAISES),
    "undecodable": undecodable,
    "unknown version": unknown,
    "database refused": lambda: AmountMoved(REFUSED),
}
REASONS = {
    "handler raised": ParkReason.HANDLER_RAISED,
    "undecodable": ParkReason.UNDECODABLE,
    "unknown version": ParkReason.UNKNOWN,
    "database refused": ParkReason.DATABASE_REFUSED,
}
WEIGHTS = (10, 3, 3, 4)


@pytest.mark.parametrize("projection", [Applied, AppliedInSets])
async def test_a_poison_event_stops_its_own_stream_in_order_and_nothing_else(
    make_empty: MakeDatabase, tmp_path: Path, projection: type[Projection]
) -> None:
    """The view has every event before the first poison of its stream, and none behind it; a repair fills it in."""
    database = make_empty(tmp_path)
    await database.open()
    try:
        kind = f"{type(database).__name__.removesuffix('Database')}, {projection.__name__}"
        await poison(Experiment(f"E9 poison: {kind}"), database, projection)
    finally:
        await database.close()


async def poison(experiment: Experiment, database: Database, projection: type[Projection]) -> None:
    chance = experiment.chance
    workers = [Worker(database, (projection,), poison=Poison(patience=0.2, first_pause=0.002)) for _ in range(2)]
    stopped: dict[str, str] = {}
    reasons: dict[int, ParkReason] = {}
    for worker in workers:
        await worker.runtime.start()
    try:
        for _ in range(size(short=500, long=4_000)):
            stream = f"account-{chance.randrange(STREAMS)}"
            bad = chance.choices(list(KINDS), WEIGHTS)[0] if chance.random() < 0.02 else None
            passing = bad is None and chance.random() < 0.01
            happened = KINDS[bad]() if bad else AmountMoved(PASSES if passing else chance.randint(20, 90))
            position = await workers[0].append(stream, happened)
            experiment.invoke(str(position))
            if bad or passing:
                experiment.fault(bad or "fault that passes", overlaps=True)
            is_behind = stream in stopped
            if bad and not is_behind:
                stopped[stream] = bad
            experiment.answer(str(position), Answer.FAIL if stream in stopped else Answer.OK)
            if stream in stopped:
                reasons[position] = ParkReason.BEHIND_PARKED if is_behind else REASONS[stopped[stream]]
        began = time.monotonic()
        async with asyncio.timeout(20):
            await workers[0].caught_up()
        experiment.recoveries.append(time.monotonic() - began)
        experiment.compare(await applied(database))
        parked = {each.position: each.reason for each in await database.parking.read(limit=None)}
        experiment.expect(parked == reasons, f"parked is {parked}, and should be {reasons}")
        await repair(experiment, workers[0])
        await agree(experiment, database)
    finally:
        for worker in workers:
            await worker.runtime.stop(seconds=5)
    experiment.conclude()


async def repair(experiment: Experiment, worker: Worker) -> None:
    retry = ParkedRetry(
        [Repaired],
        source=worker.database,
        open_view=worker.open_view,
        open_projection=worker.open_projection,
        codec=worker.codec,
    )
    retried = await retry.retry(ParkedChoice())
    experiment.expect(any(each.applied for each in retried), "nothing was repaired")


async def agree(experiment: Experiment, database: Database) -> None:
    """After a repair, too, each event is in the view or parked, and never one behind another that is parked."""
    there = set(await applied(database))
    parked = await database.parking.read(limit=None)
    waiting = {str(each.position) for each in parked}
    experiment.expect(not there & waiting, f"{there & waiting} are in the view, and parked")
    experiment.expect(there | waiting == set(experiment.operations), "events are neither in the view nor parked")
    experiment.expect(
        all(each.reason is not ParkReason.HANDLER_RAISED for each in parked), "what was repaired is still parked"
    )
    firsts: dict[str, int] = {}
    for each in parked:
        firsts.setdefault(each.key, each.position)
    reader = database.open_reader()
    lasts = {
        row["stream"]: row["position"]
        for row in await reader.fetch("SELECT stream, max(position) AS position FROM applied_view GROUP BY stream")
    }
    await reader.close()
    for stream, position in firsts.items():
        experiment.expect(lasts.get(stream, 0) < position, f"{stream} went on behind {position}")


async def applied(database: Database) -> list[str]:
    reader = database.open_reader()
    try:
        return [str(row["position"]) for row in await reader.fetch("SELECT position FROM applied_view")]
    finally:
        await reader.close()
