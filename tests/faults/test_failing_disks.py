"""E3: a disk that fails, is full or read-only gives errors, never acknowledgements; work resumes when it is well."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.experiment import Experiment, size
from tests.faults.processes import writing
from tests.faults.shim import Shim, Switch
from tests.faults.units import recover, stored_units

KINDS = {
    Switch.WRITE_ENOSPC: "ENOSPC on write",
    Switch.FSYNC_EIO: "EIO on fsync",
    Switch.WRITE_READ_ONLY: "EROFS on write",
}
REFUSALS = 6
PATIENCE = 3_000  # lines; a pipe holds a thousand that were printed before the fault


async def test_a_failing_disk_is_an_error_and_never_an_acknowledgement(
    path: Path, tmp_path: Path, shim_library: Path
) -> None:
    experiment = Experiment("E3 failing disk: EIO, ENOSPC, EROFS")
    with Switch.at(tmp_path / "switch") as switch:
        shim = Shim(shim_library, path, {"SHIM_SWITCH": str(tmp_path / "switch")})
        for _ in range(size(short=1, long=20)):
            async with writing(experiment, path, "--checkpoint-pages=100", environment=shim.environment) as writer:
                for what in experiment.chance.sample(sorted(KINDS), k=len(KINDS)):
                    await writer.until("ok", experiment.chance.randint(5, 60))
                    failed = switch.failures
                    switch.on(what)
                    experiment.fault(KINDS[what])
                    refusal = "unknown" if what == Switch.FSYNC_EIO else "fail"
                    refused = await writer.until(refusal, REFUSALS, within=PATIENCE)
                    experiment.expect(refused, f"{KINDS[what]} was no error")
                    experiment.expect(switch.failures > failed, f"{KINDS[what]} met no call")
                    switch.off()
                    well = time.monotonic()
                    await writer.until("ok")
                    experiment.recoveries.append(time.monotonic() - well)
                switch.on(experiment.chance.choice(sorted(KINDS)))
                await writer.until("invoke", REFUSALS)
                writer.kill()
                await writer.rest()
                experiment.fault("kill while the disk fails")
                switch.off()
            await recover(path, experiment)
            experiment.compare(stored_units(path, experiment))
    experiment.conclude()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with little room, where one may be mounted."""
    mount = shutil.which("mount")
    folder = tmp_path / "disk"
    folder.mkdir()
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if mount is None or os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - where it is differs


def fill(ballast: Path) -> None:
    """Write until there is no room left."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4_096)):
            pass


async def test_a_full_disk_is_an_error_and_work_resumes_when_there_is_room(small_disk: Path) -> None:
    experiment = Experiment("E3 full disk: a small file system")
    path, ballast = small_disk / "log.db", small_disk / "ballast"
    async with writing(experiment, path, "--padding=2000") as writer:
        await writer.until("ok", 5)
        for _ in range(size(short=2, long=5)):
            fill(ballast)
            experiment.fault("no room")
            experiment.expect(await writer.until("fail", REFUSALS, within=PATIENCE), "a full disk was no error")
            ballast.unlink()
            room = time.monotonic()
            await writer.until("ok")
            experiment.recoveries.append(time.monotonic() - room)
        writer.kill()
        await writer.rest()
    await recover(path, experiment)
    experiment.compare(stored_units(path, experiment))
    experiment.conclude()
