"""A process that reacts is killed at every statement: each reaction, command and deadline takes effect exactly once."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.experiment import Answer, Experiment, size
from tests.faults.lapses import effects, expected, fill, react
from tests.faults.processes import ROOT


async def test_a_killed_process_reacts_to_each_event_exactly_once_in_effect(path: Path) -> None:
    experiment = Experiment("E6 kill -9 of reactors and due commands: every statement and COMMIT")
    await fill(path)
    step = size(short=4, long=1)  # 4, since the statements of one transaction are at least as many
    first = experiment.chance.randint(1, step)
    folder = path.parent / "killed"
    folder.mkdir()
    killer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.reactor", str(path), str(folder), str(first), str(step)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    killed = killer.stdout.splitlines()
    for line in killed:
        number, _, statement = line.partition(" ")
        file = folder / f"{number}.db"
        experiment.fault(f"kill at {statement.split()[0]}", overlaps=True)
        early = await effects(file)
        doubled = [each for each in expected() if early.count(each) > 1]
        experiment.expect(not doubled, f"killed at {number}: doubled {doubled}")
        began = time.monotonic()
        await react(file)
        experiment.recoveries.append(time.monotonic() - began)
        names = [f"{number}/{each!r}" for each in expected()]
        for name in names:
            experiment.invoke(name)
            experiment.answer(name, Answer.OK)
        experiment.compare((f"{number}/{each!r}" for each in await effects(file)), among=names)
    experiment.expect(len(killed) * step > 60, "the process did too little")
    experiment.conclude()
