"""E1: a writer is killed at any moment, statement, write or sync; what it had acknowledged is there, once and whole."""

import signal
import time
from pathlib import Path

from tests.faults.experiment import Experiment, size
from tests.faults.processes import Writer, writing
from tests.faults.shim import Shim
from tests.faults.units import recover, stored_units

MOST_STATEMENTS = 400
MOST_CALLS = 300
MOST_ACKNOWLEDGED = 120
KILLED = -signal.SIGKILL


async def is_killed(writer: Writer, experiment: Experiment, path: Path, kind: str) -> None:
    """Follow a writer to its end, which must be a kill, and compare what it said with what is there."""
    code = await writer.rest()
    moment = time.monotonic()
    experiment.expect(code == KILLED, f"the writer ended with {code}")
    experiment.fault(kind, at=moment)
    await recover(path, experiment, since=moment)
    experiment.compare(stored_units(path, experiment))


async def test_what_was_acknowledged_survives_a_kill_at_any_moment_and_statement(path: Path) -> None:
    experiment = Experiment("E1 kill -9 of a writer: any moment, any statement")
    for _ in range(size(short=2, long=30)):
        async with writing(experiment, path) as writer:
            await writer.until("ok", experiment.chance.randint(1, MOST_ACKNOWLEDGED))
            writer.kill()
            await is_killed(writer, experiment, path, "kill at any moment")
        statement = experiment.chance.randint(30, MOST_STATEMENTS)
        async with writing(experiment, path, "--die-at-statement", str(statement)) as writer:
            await is_killed(writer, experiment, path, "kill at a statement")
    experiment.conclude()


async def test_what_was_acknowledged_survives_a_kill_at_any_write_and_sync(path: Path, shim_library: Path) -> None:
    experiment = Experiment("E1 kill -9 of a writer: nth write or sync")
    for _ in range(size(short=2, long=30)):
        for kind, torn in (("kill at a write or sync", {}), ("kill in the middle of a write", {"SHIM_TORN": "1"})):
            call = experiment.chance.randint(3, MOST_CALLS)
            shim = Shim(shim_library, path, {"SHIM_KILL": str(call), **torn})
            async with writing(experiment, path, environment=shim.environment) as writer:
                await is_killed(writer, experiment, path, kind)
    experiment.conclude()
