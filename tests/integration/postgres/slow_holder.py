"""A process that executes a command with an idempotency key, and is in the middle of it until its input ends."""

import asyncio
import sys
from dataclasses import dataclass
from uuid import uuid4

from dishka import Provider, Scope

from duolog import Application, Command, TransactionManager, UnitOfWork, command, event
from duolog.testing import application


@event("parcel.sent")
@dataclass(frozen=True, slots=True)
class ParcelSent:
    by: str


@command("parcel.send")
@dataclass(frozen=True, slots=True)
class SendParcel(Command[str]):
    """Answers with the name of the process that executed it."""


class Depot:
    """What one process does in the middle of a command.

    Args:
        name: the process's.
        waits: until its input ends.
    """

    def __init__(self, name: str, *, waits: bool) -> None:
        self.name = name
        self.runs = 0
        self._waits = waits

    async def work(self) -> None:
        """Count a run, say that it has begun, and wait."""
        self.runs += 1
        if self._waits:
            sys.stdout.write("running\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)


class SendParcelInteractor:
    def __init__(self, depot: Depot, unit: UnitOfWork, tx: TransactionManager) -> None:
        self._depot = depot
        self._unit = unit
        self._tx = tx

    async def execute(self, cmd: SendParcel) -> str:  # noqa: ARG002 - it has no fields
        await self._depot.work()
        self._unit.stage(f"parcel-{uuid4()}", [ParcelSent(self._depot.name)])
        await self._tx.commit()
        return self._depot.name


def parcels(url: str, depot: Depot) -> Application:
    """Make the application of one process."""
    provider = Provider(Scope.APP)
    provider.provide(lambda: depot, provides=Depot)
    return application(SendParcel.handled_by(SendParcelInteractor), database=url, providers=[provider])


async def main(url: str, key: str) -> None:
    """Execute the command, and say so."""
    async with parcels(url, Depot("holder", waits=True)) as app:
        await app.execute(SendParcel(), idempotency_key=key)
    sys.stdout.write("answered\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
