"""E6: a projector is killed at every statement; its view is always the fold of the log up to its checkpoint."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

from tests.faults.experiment import Answer, Experiment, size
from tests.faults.processes import ROOT
from tests.faults.tally import Tally, count, project, tally

HISTORY = (("early-1", (1, 2, 3)), ("early-2", (4,)), ("early-1", (6, 8)), ("early-3", (9, 10)))
ROUNDS = size(short=1, long=10)


def is_the_fold(found: Tally, experiment: Experiment, run: str) -> None:
    """Compare a view with the fold of the log at its shares' checkpoints, event by event."""
    names = {position: f"{run}/{position}" for position in found.log}
    for position, name in names.items():
        experiment.invoke(name)
        if found.applied(position):
            experiment.answer(name, Answer.OK)
    experiment.compare((names[position] for position in found.seen), among=names.values())
    ahead = [position for position in found.seen if not found.applied(position)]
    experiment.expect(not ahead, f"{run}: the view has {ahead}, above its checkpoints {found.checkpoints}")
    folded = found.folded()
    experiment.expect(found.totals == folded, f"{run}: at {found.checkpoints} the view is {found.totals}, not {folded}")


async def test_a_killed_projector_leaves_a_view_that_is_the_fold_of_the_log_at_its_checkpoint(path: Path) -> None:
    experiment = Experiment("E6 kill -9 of the projector: every statement and COMMIT")
    app = tally(f"sqlite:///{path}")
    await app.start(projections=False)
    for stream, amounts in HISTORY:
        await count(app, stream, *amounts)
    await app.close()
    for number in range(ROUNDS):
        await kill_at_every_statement(path, path.parent / f"killed {number}", experiment)
    experiment.conclude()


async def kill_at_every_statement(path: Path, folder: Path, experiment: Experiment) -> None:
    """Kill projectors of copies of a file, and let others go on."""
    step = size(short=3, long=1)  # 3, since transactions of four statements would hide their COMMITs from 4
    first = experiment.chance.randint(1, step)
    await asyncio.to_thread(folder.mkdir)
    killer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.faults.projector", str(path), str(folder), str(first), str(step)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for line in killer.stdout.splitlines():
        number, _, statement = line.partition(" ")
        file = folder / f"{number}.db"
        run = f"{folder.name}/{number}"
        is_the_fold(Tally.of(file), experiment, f"killed {run}")
        experiment.fault(f"kill at {statement.split()[0]}", overlaps=True)
        began = time.monotonic()
        await project(f"sqlite:///{file}")
        experiment.recoveries.append(time.monotonic() - began)
        is_the_fold(Tally.of(file), experiment, f"after {run}")
        file.unlink()
    experiment.expect(len(killer.stdout.splitlines()) * step > 40, "the projector did too little")
