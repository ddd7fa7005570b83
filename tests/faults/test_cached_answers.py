"""E15: fills and news come late, Valkey or a replica is killed: no answer is older than allowed.

What is allowed is told by reads that no cache answers: what one of them found when it was answered was in the view from
then on. The experiment prints its figures; `make faults` runs it for ten minutes.
"""

import asyncio
import bisect
import secrets
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from duolog.testing.servers import PostgresReplica, PostgresServer, ValkeyServer
from tests.faults.cached_reader import STALENESS
from tests.faults.experiment import LONG, size
from tests.faults.processes import ROOT
from tests.killed_valkey import kill_valkey
from tests.unit.application.tallies import tallies

PROCESSES: Final = 4
READERS_OF_A_REPLICA: Final = size(short=2, long=4)
SECONDS: Final = size(short=3, long=600)
ALLOWED: Final[Mapping[str, float]] = {"direct": 0.0, "strict": 0.0, "after": 60.0, "bounded": STALENESS}

pytestmark = pytest.mark.timeout(2 * SECONDS + 120)


@dataclass(frozen=True, slots=True)
class Read:
    """One answer.

    Attributes:
        kind: how it was asked for.
        invoked: when.
        answered: when.
        total: what was answered.
    """

    kind: str
    invoked: float
    answered: float
    total: int


@dataclass
class Record:
    """What one process did.

    Attributes:
        reads: by key.
        writes: by key, when each was acknowledged.
        figures: of its caches: shared, memory, queried, failures; and of its replica: snapshots.
    """

    reads: dict[str, list[Read]]
    writes: dict[str, list[float]]
    figures: Sequence[int] = ()


def parsed(output: bytes) -> Record:
    record = Record(defaultdict(list), defaultdict(list))
    for line in output.decode().splitlines():
        kind, *rest = line.split()
        if kind == "figures":
            record.figures = [int(each) for each in rest]
        elif kind == "write":
            record.writes[rest[0]].append(float(rest[2]))
        else:
            key, invoked, answered, total = rest
            record.reads[key].append(Read(kind, float(invoked), float(answered), int(total)))
    return record


def too_old(reads: Sequence[Read]) -> list[str]:
    """Return the answers of one key that were older than their kind allows, whichever process gave them."""
    known = sorted((read.answered, read.total) for read in reads if read.kind == "direct")
    times, most = [at for at, _ in known], list[int]()
    for _, total in known:
        most.append(max(total, most[-1] if most else 0))
    found: list[str] = []
    for read in reads:
        at = bisect.bisect_left(times, read.invoked - ALLOWED[read.kind])
        if at and read.total < most[at - 1]:
            found.append(f"{read} although {most[at - 1]} was seen before")
    return found


def gone_back(reads: Sequence[Read]) -> list[str]:
    """Return the cached answers of one key in one process that were older than one that it had given before.

    Queries that are not cached do not tell what they have seen; for them there is ``after=``.
    """
    reads = [read for read in reads if read.kind != "direct"]
    answered = sorted((read.answered, read.total) for read in reads)
    times, most = [at for at, _ in answered], list[int]()
    for _, total in answered:
        most.append(max(total, most[-1] if most else 0))
    found: list[str] = []
    for read in reads:
        at = bisect.bisect_left(times, read.invoked)
        if at and read.total < most[at - 1]:
            found.append(f"{read} although {most[at - 1]} was answered before")
    return found


def without_own_writes(record: Record, key: str) -> list[str]:
    """Return the answers after a position that lack what this process had written before."""
    writes = sorted(record.writes[key])
    return [
        str(read)
        for read in record.reads[key]
        if read.kind == "after" and read.total < bisect.bisect_left(writes, read.invoked)
    ]


def violations_of(records: Sequence[Record]) -> list[str]:
    """Return what no process may have answered."""
    keys = sorted({key for record in records for key in record.reads})
    found: list[str] = []
    for key in keys:
        found += too_old([read for record in records for read in record.reads[key]])
        for record in records:
            found += gone_back(record.reads[key]) + without_own_writes(record, key)
    return found


async def run(url: str, redis_url: str, seed: int, ready: asyncio.Semaphore, *replicas: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.cached_reader", url, redis_url, str(SECONDS), str(seed), *replicas),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    ready.release()
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
async def test_no_answer_is_older_than_allowed(request: pytest.FixtureRequest, tmp_path: Path, backend: str) -> None:
    """Neither than its kind allows, nor than one that the same process gave before."""
    url = f"sqlite:///{tmp_path / 'tallies.db'}"
    if backend == "postgres":
        url = request.getfixturevalue("empty_postgres_url")
    async with tallies(url):
        pass  # the schema is there before four start at once
    seed = secrets.randbits(32)
    print(f"E15 on {backend}: seed {seed}")  # noqa: T201 - to run a failure again
    with ValkeyServer() as valkey:
        ready = asyncio.Semaphore(0)
        running = [asyncio.create_task(run(url, valkey.url, seed + number, ready)) for number in range(PROCESSES)]
        for _ in running:
            await ready.acquire()
        await asyncio.sleep(SECONDS * 0.7)
        await kill_valkey(valkey.url)
        records = [parsed(output) for output in await asyncio.gather(*running)]

    violations = violations_of(records)
    reads = sum(len(each) for record in records for each in record.reads.values())
    writes = sum(len(each) for record in records for each in record.writes.values())
    shared, memory, queried, failures, _ = (sum(figures) for figures in zip(*(r.figures for r in records), strict=True))
    print(  # noqa: T201 - the figures are the point of the long form
        f"E15 on {backend}: {SECONDS} s, {reads} reads, {writes} writes, from memory {memory}, shared {shared}, "
        f"queried {queried}, failures of Valkey {failures}, violations {len(violations)}"
    )
    assert not violations, "\n".join(violations[:10])
    assert min(reads, writes, shared, memory, queried, failures) > 0
    assert reads > (100_000 if LONG else 100)


async def troubled(replica: PostgresReplica, seconds: float) -> None:
    """Hold a replica's replay up, again and again, and kill it once."""
    ends_at, killed = time.monotonic() + seconds, False
    while (left := ends_at - time.monotonic()) > 0:
        await asyncio.to_thread(replica.pause_replay)
        await asyncio.sleep(0.3)
        if left < seconds / 2 and not killed:
            killed = True
            await asyncio.to_thread(replica.kill)
            await asyncio.to_thread(replica.start)
        else:
            await asyncio.to_thread(replica.resume_replay)
        await asyncio.sleep(0.3)


async def test_no_answer_of_a_replica_is_older_than_allowed(
    replicated_servers: tuple[PostgresServer, PostgresReplica],
) -> None:
    """Neither after a position, nor kept, nor strict, while its replay is held up and it is killed."""
    primary, replica = replicated_servers
    seed = secrets.randbits(32)
    print(f"E15 with a replica: seed {seed}")  # noqa: T201 - to run a failure again
    with primary.databases.new_database() as url, ValkeyServer() as valkey:
        async with tallies(url):
            pass
        replica.catch_up()
        ready = asyncio.Semaphore(0)
        replica_url = replica.url(url.rpartition("/")[2])
        running = [
            asyncio.create_task(run(url, valkey.url, seed + number, ready, replica_url))
            for number in range(READERS_OF_A_REPLICA)
        ]
        for _ in running:
            await ready.acquire()
        await troubled(replica, SECONDS * 0.8)
        records = [parsed(output) for output in await asyncio.gather(*running)]
    violations = violations_of(records)
    reads = sum(len(each) for record in records for each in record.reads.values())
    snapshots = sum(record.figures[-1] for record in records)
    print(  # noqa: T201 - the figures are the point of the long form
        f"E15 with a replica: {SECONDS} s, {reads} reads, {snapshots} snapshots of it, violations {len(violations)}"
    )
    assert not violations, "\n".join(violations[:10])
    assert min(reads, snapshots) > 0
