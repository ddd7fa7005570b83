"""A worker that stops itself within a page: ``python -m tests.faults.workers.zombie URL LEASE_SECONDS reads|writes``.

It prints its name, that it stops, and then what became of its shares. Its heartbeats fail from then on, so that nothing
but the database tells it that its lease is gone.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from duolog import RecordedEvent
from duolog.container.databases import open_database
from duolog.errors import DatabaseError
from duolog.eventstore.port import EventStore
from duolog.projections.runtime import ProjectionRuntime
from duolog.subscriptions.checkpoints import Checkpoints
from duolog.subscriptions.generations import Generations
from duolog.subscriptions.leases import Lease, Leases
from duolog.subscriptions.members import Members
from duolog.subscriptions.parking import Parking
from duolog.subscriptions.pauses import Pauses
from duolog.subscriptions.runner import Pace
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import Shares
from tests.faults.workers.bank import AccountProjection, Deposited, codec
from tests.unit.projections.accounts import Worker

STOP = "stop"
STOPPED = "it stops"
SETTLED = 0.2
"""So long its other shares take to pass the event: a process that stops in SQLite's writer keeps the file's lock.

And so long a heartbeat that is under way may take: one that came back later would say that the lease is gone.
"""


class StandingStill(AccountProjection):
    """Stops its process at one event, the first time."""

    stopped = False
    reads = False

    async def on_deposited(self, event: Deposited, recorded: RecordedEvent) -> None:
        await super().on_deposited(event, recorded)
        if event.unit == STOP and not StandingStill.stopped:
            StandingStill.stopped = True
            await asyncio.sleep(SETTLED)
            if StandingStill.reads:  # from here on the batch has its transaction
                await self._db.fetch_value("SELECT count(*) FROM accounts_by_stream")
            print(STOPPED, flush=True)  # noqa: T201 - whoever started it waits for this
            os.kill(os.getpid(), signal.SIGSTOP)


@dataclass(frozen=True, slots=True)
class FailingHeartbeats:
    """`Leases` whose renewals fail once the process has stood still."""

    leases: Leases

    async def acquire(self, share: Share, owner: str, *, seconds: float, take_over: bool = False) -> Lease | None:
        return await self.leases.acquire(share, owner, seconds=seconds, take_over=take_over)

    async def renew(self, leases: Sequence[Lease], *, seconds: float) -> Sequence[Lease]:
        if StandingStill.stopped:
            message = "heartbeats fail"
            raise DatabaseError(message)
        return await self.leases.renew(leases, seconds=seconds)

    async def release(self, lease: Lease) -> None:
        await self.leases.release(lease)

    async def read_all(self) -> Sequence[Lease]:
        return await self.leases.read_all()


@dataclass(frozen=True, slots=True)
class Source:
    """A `SubscriptionSource`."""

    store: EventStore
    checkpoints: Checkpoints
    generations: Generations
    shares: Shares
    members: Members
    leases: Leases
    parking: Parking
    pauses: Pauses


async def main(url: str, lease: float) -> None:
    """Work until the end."""
    database = open_database(url)
    await database.open()
    pace = Pace(lease=lease, idle=0.02, first_pause=0.02, last_pause=0.2)
    worker = Worker(database, [StandingStill], pace=pace, codec=codec())
    source = Source(
        database.store,
        database.checkpoints,
        database.generations,
        database.shares,
        database.members,
        FailingHeartbeats(database.leases),
        database.parking,
        database.pauses,
    )
    runtime = ProjectionRuntime([StandingStill], worker.shares, source=source, progress=worker.progress, pace=pace)
    await runtime.start()
    print(runtime.owner, flush=True)  # noqa: T201 - whoever started it waits for this
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING)
    logging.getLogger("duolog.subscriptions").setLevel(logging.INFO)
    StandingStill.reads = sys.argv[3] == "reads"
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
