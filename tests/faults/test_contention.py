"""P3: eight clients in two processes, one of which is killed, append to five streams by expected version."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from uuid import UUID

from tests.faults.contender import STREAMS
from tests.faults.experiment import Answer, Experiment, Operation, size
from tests.faults.linearizability import check_stream
from tests.faults.processes import Writer, running

ACKNOWLEDGED = size(short=150, long=1_000)
CONTENDER = "tests.faults.contender"


def versions_of(path: Path) -> dict[str, list[tuple[int, str]]]:
    """Return, by stream, version and id of its events."""
    found: dict[str, list[tuple[int, str]]] = {}
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT stream, version, event_id FROM duolog_events ORDER BY position")
        for stream, version, event_id in rows:
            found.setdefault(stream, []).append((version, str(UUID(bytes=event_id))))
    return found


async def some(writer: Writer, count: int) -> None:
    """Follow a contender until it was acknowledged so many operations, and kill it."""
    await writer.until("ok", count)
    writer.kill()
    await writer.rest()


async def test_appends_are_linearizable_by_expected_version(path: Path) -> None:
    experiment = Experiment("P3 contention: 8 clients, 5 streams, kill -9 of one process")
    arguments = (f"sqlite:///{path}",)
    for _ in range(size(short=1, long=10)):
        async with (
            running(experiment, CONTENDER, arguments) as first,
            running(experiment, CONTENDER, arguments) as second,
            asyncio.TaskGroup() as group,
        ):
            ending = group.create_task(first.rest())
            await some(second, experiment.chance.randint(50, ACKNOWLEDGED))
            killed = time.monotonic()
            experiment.fault("kill of a process that contends", at=killed)
            async with running(experiment, CONTENDER, arguments) as heir:
                await heir.until("ok")
                experiment.recoveries.append(time.monotonic() - killed)
                await heir.until("ok", ACKNOWLEDGED)
                heir.stop()
                experiment.expect(await heir.rest() == 0, "the heir failed")
            first.stop()
            experiment.expect(await ending == 0, "the survivor failed")
    found = versions_of(path)
    assert len(found) == STREAMS
    for stream, versions in found.items():
        asked: dict[str, Operation] = {
            name: operation for name, operation in experiment.operations.items() if operation.details[0] == stream
        }
        experiment.violations.extend(f"{stream}: {wrong}" for wrong in check_stream(versions, asked))
    appends = {name for name in experiment.operations if not name.startswith("read-")}
    experiment.expect(appends & experiment.names(Answer.FAIL), "nobody ever lost: nothing was fought over")
    reads = {name for name in experiment.operations if name not in appends}
    experiment.compare((name for versions in found.values() for _, name in versions), among=appends - reads)
    experiment.conclude()
