"""E5 a: no schedule of appenders and a reader makes the reader skip an event, or meet one out of order."""

import asyncio
from collections.abc import Iterator, Sequence

from tests.faults.experiment import LONG, Answer, Experiment, size
from tests.faults.fence.schedules import Schedule, all_schedules
from tests.faults.fence.stage import Stage

LANES = size(short=1, long=3)
PLAYED = 300  # of all, in the short form


def chosen(experiment: Experiment) -> Sequence[Schedule]:
    """Return all schedules, or some by chance."""
    schedules = list(all_schedules(experiment.chance))
    return schedules if LONG else experiment.chance.sample(schedules, PLAYED)


async def play(stage: Stage, schedules: Iterator[tuple[int, Schedule]], experiment: Experiment) -> None:
    async with stage:
        for number, schedule in schedules:
            name = f"schedule {number}"
            experiment.invoke(name)
            for end in schedule.ends:
                experiment.fault(end.value, overlaps=True)
            wrong = await stage.play(schedule)
            experiment.expect(not wrong, f"{schedule}: {wrong}")
            experiment.answer(name, Answer.OK)


async def test_no_schedule_skips_or_reorders(postgres_url: str) -> None:
    experiment = Experiment("E5a schedules of three appenders and a reader")
    schedules = iter(enumerate(chosen(experiment)))
    stages = [Stage(postgres_url, f"lane_{number}") for number in range(LANES)]
    await asyncio.gather(*(play(stage, schedules, experiment) for stage in stages))
    experiment.conclude()
