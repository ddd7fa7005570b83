"""Runs the projections of one process."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

from duolog.errors import ConfigurationError
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.subscriptions.members import Work
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Pace
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.status import SubscriptionStatus
from duolog.subscriptions.supervisor import Subscription, SubscriptionSupervisor


class ProjectionRuntime:
    """Works on projections, beside other processes that do: one supervisor takes this process's part of their shares.

    Shares have nothing in common but their leases' heartbeat, so that one's trouble stops no other.

    Args:
        projections: the projections' classes.
        shares: makes what applies pages for them.
        source: the log, checkpoints, leases and parked events; every database is one.
        progress: the board on which queries of this process wait.
        pace: times and sizes.
        views: what it works on for materialized views, each behind those that it reads.
        only: names of those that this process works on; None for all. Of the others it only creates the views.
        beside: the inline views that this process writes, for others to see.

    Raises:
        ConfigurationError: two projections share a name, or one has no ``on_...`` method.
        UnnamedTypeError: two event classes share a stored name.
    """

    def __init__(
        self,
        projections: Sequence[type[Projection]],
        shares: ProjectionShares,
        *,
        source: SubscriptionSource,
        progress: Progress,
        pace: Pace | None = None,
        views: Sequence[Subscription] = (),
        only: Collection[str] | None = None,
        beside: Collection[Work] = (),
    ) -> None:
        self._owner = owner_name()
        self._subscriptions = [*(shares.subscription(projection) for projection in projections), *views]
        _refuse_doubles(self._subscriptions)
        chosen = [each for each in self._subscriptions if only is None or each.name in only]
        self._supervisor = SubscriptionSupervisor(
            chosen, source=source, progress=progress, owner=self._owner, pace=pace, beside=beside
        )

    @property
    def owner(self) -> str:
        """The name under which this process asks for leases."""
        return self._owner

    async def create(self) -> None:
        """Create the views that are missing, so that queries find their tables; `start` does it as well.

        A view of another version is left alone: its owner makes it anew.

        Raises:
            StatementError: the DDL of a view is wrong.
            DatabaseError: the database failed.
        """
        for subscription in self._subscriptions:
            await subscription.prepare()

    async def start(self) -> None:
        """Create missing views and start; returns when every share runs, waits for its owner, or has failed once.

        Raises:
            StatementError: the DDL of a view is wrong.
            DatabaseError: the database failed.
        """
        await self.create()
        try:
            await self._supervisor.start()
        except asyncio.CancelledError:
            await self.stop(seconds=0)
            raise

    async def stop(self, *, seconds: float) -> None:
        """Stop: running pages end, leases are released. May be called twice, and without `start`.

        Args:
            seconds: after so long running pages are rolled back instead.
        """
        await self._supervisor.stop(seconds=seconds)

    def statuses(self) -> tuple[SubscriptionStatus, ...]:
        """Return what each projection and materialized view that this process works on is doing here, in order."""
        return self._supervisor.statuses()


def _refuse_doubles(subscriptions: Sequence[Subscription]) -> None:
    doubled = [name for name, count in Counter(each.name for each in subscriptions).items() if count > 1]
    if doubled:
        message = f"projections share the name {doubled[0]!r}"
        raise ConfigurationError(message, hint="A name stands for one view and its checkpoint; give each its own.")
