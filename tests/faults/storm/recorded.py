"""What the log holds after a storm, and what is wrong with what its readers got."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.faults.experiment import Answer, Experiment
from tests.faults.storm.appender import DECIDED
from tests.faults.storm.reader import LAST, Way

_SHOWN = 3
_LOG = 'SELECT position, event_id::text, type, data::text, tags FROM "duolog".events ORDER BY position'


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of the log."""

    position: int
    event_id: str
    type: str
    data: dict[str, Any]
    tags: Sequence[str]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One event that a reader got, and when."""

    position: int
    event_id: str
    moment: float


async def logged(url: str) -> list[Logged]:
    """Return the log in its order, read with plain SQL."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(_LOG)
    finally:
        await connection.close()
    return await asyncio.to_thread(lambda: [Logged(p, i, t, json.loads(data), tags) for p, i, t, data, tags in rows])


def delivered(file: Path) -> list[Delivered]:
    """Return what a reader has recorded."""
    found = list[Delivered]()
    for line in file.read_text(encoding="ascii").splitlines():
        first, *rest = line.split()
        if first.isdecimal():
            found.append(Delivered(int(first), rest[0], float(rest[1])))
    return found


def check_reader(experiment: Experiment, way: Way, log: Sequence[Logged], got: Sequence[Delivered]) -> None:
    """Compare what a reader got with the log, by ids: nothing skipped, doubled, out of order or made up."""
    wanted = {each.event_id: each.position for each in log if not way.filter.types or each.type in way.filter.types}
    counts = Counter(each.event_id for each in got)
    doubled = [event_id for event_id, count in counts.items() if count > 1]
    disordered = [b.event_id for a, b in itertools.pairwise(got) if b.position <= a.position]
    wrong = {
        "skipped": wanted.keys() - counts.keys(),
        "doubled": doubled,
        "out of order": disordered,
        "not in the log, or elsewhere": [each.event_id for each in got if wanted.get(each.event_id) != each.position],
    }
    for what, ids in wrong.items():
        experiment.expect(not ids, f"{way.value}: {len(ids)} {what}: {sorted(ids)[:_SHOWN]}")


def check_units(experiment: Experiment, log: Sequence[Logged]) -> None:
    """Check that every acknowledged unit is in the log once and whole, and no other but those that are unknown."""
    counts = Counter(each.data["unit"] for each in log if each.type != LAST)
    for unit, operation in experiment.operations.items():
        if operation.answer is Answer.OK and unit in counts:
            whole = int(operation.details[-1])
            experiment.expect(counts[unit] == whole, f"of {whole} events of {unit} there are {counts[unit]}")
    experiment.compare(counts.keys())


def check_decisions(experiment: Experiment, log: Sequence[Logged]) -> int:
    """Check that every decision had seen all events of its boundary before it; return how many there are."""
    events = Counter[str]()
    decisions = 0
    for each in log:
        if each.type == DECIDED:
            decisions += 1
            before = events[each.data["tag"]]
            experiment.expect(
                each.data["seen"] == before, f"{each.event_id} was decided on {each.data['seen']} of {before} events"
            )
        events.update(each.tags)
    return decisions


def lags(experiment: Experiment, log: Sequence[Logged], got: Sequence[Delivered]) -> list[float]:
    """Return how long after its acknowledgement each event came to a reader, in seconds; 0 if it came before."""
    answered = {
        each.event_id: experiment.operations[each.data["unit"]].answered
        for each in log
        if each.type != LAST and experiment.operations[each.data["unit"]].answer is Answer.OK
    }
    return [max(0.0, each.moment - answered[each.event_id]) for each in got if each.event_id in answered]
