"""E2: the power goes at any moment, the disk keeps any part of what was not synced: nothing acknowledged is lost."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.disk import Call, Disk, File, recorded_calls
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.processes import ROOT, SECONDS
from tests.faults.shim import Shim
from tests.faults.units import recover, stored_units

UNITS = size(short=150, long=1_500)
IMAGES = size(short=60, long=2_000)
RECOVERED_EVERY = 20
PADDING = 1_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What a writer did.

    Attributes:
        base: the database file before it.
        calls: its writes and syncs, with what it printed between them.
    """

    base: bytes
    calls: list[Call]


@pytest.fixture
def recording(path: Path, tmp_path: Path, shim_library: Path) -> Recording:
    base = path.read_bytes()
    log = tmp_path / "calls"
    shim = Shim(shim_library, path, {"SHIM_LOG": str(log)})
    command = [sys.executable, "-m", "tests.faults.writer", f"sqlite:///{path}", f"--units={UNITS}"]
    with (
        path.with_name(f"{path.name}.acks").open("ab") as printed,
        subprocess.Popen(
            [*command, f"--padding={PADDING}", "--checkpoint-pages=40"],
            cwd=ROOT,
            env=shim.environment,
            stdin=subprocess.PIPE,  # stays open: the writer ends by itself, after its last unit
            stdout=printed,
        ) as process,
    ):
        assert process.wait(SECONDS * 4) == 0
    return Recording(base, recorded_calls(log))


def remove(image: Path) -> None:
    for file in image.parent.glob(f"{image.name}*"):
        file.unlink()


async def test_what_was_acknowledged_survives_a_power_cut(recording: Recording, tmp_path: Path) -> None:
    experiment = Experiment("E2 power cuts: unsynced writes dropped")
    calls = recording.calls
    assert {call.file for call in calls} == set(File), "a file was never written"
    cuts = sorted(experiment.chance.choices(range(len(calls) + 1), k=IMAGES))
    disk = Disk(recording.base)
    done = 0
    for number, cut in enumerate(cuts):
        disk.replay(calls[done:cut])
        done = cut
        for line in disk.printed:
            experiment.note(line)
        disk.printed.clear()
        images, dropped = disk.after_power_cut(experiment.chance)
        under_way = any(operation.answer is Answer.UNKNOWN for operation in experiment.operations.values())
        experiment.fault("power cut that dropped blocks" if dropped else "power cut", overlaps=under_way)
        image = tmp_path / f"image-{number}.db"
        image.write_bytes(images[File.DATABASE])
        image.with_name(f"{image.name}-wal").write_bytes(images[File.WAL])
        if number % RECOVERED_EVERY == 0:
            await recover(image, experiment)
        experiment.compare(stored_units(image, experiment))
        remove(image)
    experiment.expect(experiment.faults["power cut that dropped blocks"], "no block was ever dropped")
    experiment.conclude()
