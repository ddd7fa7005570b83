"""What of an application needs the opened database, and waiting until all of it has done its work."""

import asyncio
from dataclasses import dataclass
from typing import Final

from duolog.errors import AfterTimeoutError
from duolog.eventstore.port import EventStore
from duolog.process_managers.runtime import ReactorRuntime
from duolog.projections.haste import Haste
from duolog.projections.runtime import ProjectionRuntime
from duolog.projections.version_keeper import VersionKeeper
from duolog.read.position_wait import PositionWait
from duolog.scheduling.due_commands import DueCommands
from duolog.subscriptions.meters import SubscriptionMeters
from duolog.subscriptions.progress import Progress

_BETWEEN_LOOKS: Final = 0.005


@dataclass(frozen=True, slots=True)
class Running:
    """What needs the opened database.

    Attributes:
        runtime: runs the projections.
        keeper: brings live views to the code's version.
        processes: runs the reactors and process managers.
        progress: how far they are.
        wait: waits for positions.
        meters: measures the projections; None where nobody listens.
        due: executes scheduled commands.
        haste: lets materialized views be refreshed without waiting for their intervals.
    """

    runtime: ProjectionRuntime
    keeper: VersionKeeper
    processes: ReactorRuntime
    progress: Progress
    wait: PositionWait
    meters: SubscriptionMeters | None
    due: DueCommands
    haste: Haste

    async def caught_up(self, store: EventStore, *, seconds: float) -> None:
        """Wait until every projection and process has the log's end, and no scheduled command is due.

        Parked events count as applied. A live view of a lower version than the code's does not do.

        Args:
            store: the log.
            seconds: how long to wait.

        Raises:
            AfterTimeoutError: it did not come to that in time.
        """
        head = await store.head()
        names = [status.subscription for status in (*self.runtime.statuses(), *self.processes.statuses())]
        try:
            with self.haste.wanted():
                async with asyncio.timeout(seconds):
                    await self.keeper.settled()
                    while True:
                        for name in names:
                            await self.progress.reached(name, head)
                        if await self.due.is_settled() and await store.head() == head:
                            break
                        await asyncio.sleep(_BETWEEN_LOOKS)
                        head = await store.head()
        except TimeoutError:
            reached = {name: await self.progress.position(name) for name in names}
            raise AfterTimeoutError(position=head, reached=reached, seconds=seconds) from None
        if self.meters is not None:  # who waited for it looks at the gauges next
            await self.meters.refresh()
