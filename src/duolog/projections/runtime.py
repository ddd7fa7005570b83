"""Runs the projections of one process."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from duolog.codec.event_codec import EventCodec
from duolog.errors import ConfigurationError
from duolog.projections.page_processor import ProjectionPageProcessor
from duolog.projections.projection import Projection
from duolog.projections.views import OpenProjection, OpenView, PrepareView
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Pace, Subscription, SubscriptionRunner
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.status import SubscriptionStatus


class ProjectionRuntime:
    """One runner for each projection; they share nothing, so that one's trouble stops no other.

    Args:
        projections: the projections' classes.
        source: the log, checkpoints, leases and parked events; every database is one.
        prepare_view: brings a projection's view to its version.
        open_view: opens a projection's view.
        open_projection: builds a projection's instance.
        codec: decodes events; the projections' event types are registered with it.
        progress: the board on which queries of this process wait.
        pace: times and sizes.

    Raises:
        ConfigurationError: two projections share a name, or one has no ``on_...`` method.
        UnnamedTypeError: two event classes share a stored name.
    """

    def __init__(
        self,
        projections: Sequence[type[Projection]],
        *,
        source: SubscriptionSource,
        prepare_view: PrepareView,
        open_view: OpenView,
        open_projection: OpenProjection,
        codec: EventCodec,
        progress: Progress,
        pace: Pace | None = None,
    ) -> None:
        _refuse_doubles(projections)
        self._owner = owner_name()
        for projection in projections:
            progress.laid_out(projection.name, [Share(projection.name)])
        self._processors: list[ProjectionPageProcessor] = []
        self._runners: list[SubscriptionRunner] = []
        for projection in projections:
            processor = ProjectionPageProcessor(
                projection,
                prepare_view=prepare_view,
                open_view=open_view,
                open_projection=open_projection,
                codec=codec,
                checkpoints=source.checkpoints,
                parking=source.parking,
            )
            self._processors.append(processor)
            self._runners.append(
                SubscriptionRunner(
                    Subscription(Share(projection.name), projection.version, processor.filter),
                    processor,
                    store=source.store,
                    leases=source.leases,
                    progress=progress,
                    owner=self._owner,
                    pace=pace,
                )
            )

    @property
    def owner(self) -> str:
        """The name under which this process asks for leases."""
        return self._owner

    async def create_views(self) -> None:
        """Create the views that are missing, so that queries find their tables; `start` does it as well.

        A view of another version is left alone: its owner makes it anew.

        Raises:
            StatementError: the DDL of a view is wrong.
            DatabaseError: the database failed.
        """
        for processor in self._processors:
            await processor.create_view()

    async def start(self) -> None:
        """Create missing views and start; returns when every projection runs, waits for its owner, or has failed once.

        Raises:
            StatementError: the DDL of a view is wrong.
            DatabaseError: the database failed.
        """
        await self.create_views()
        try:
            await asyncio.gather(*(runner.start() for runner in self._runners))
        except asyncio.CancelledError:
            await self.stop(seconds=0)
            raise

    async def stop(self, *, seconds: float) -> None:
        """Stop all: running pages end, leases are released. May be called twice, and without `start`.

        Args:
            seconds: after so long running pages are rolled back instead.
        """
        await asyncio.gather(*(runner.stop(seconds=seconds) for runner in self._runners))

    def statuses(self) -> tuple[SubscriptionStatus, ...]:
        """Return what each runner of this process is doing, in the order of the projections."""
        return tuple(runner.status for runner in self._runners)


def _refuse_doubles(projections: Sequence[type[Projection]]) -> None:
    doubled = [name for name, count in Counter(projection.name for projection in projections).items() if count > 1]
    if doubled:
        message = f"projections share the name {doubled[0]!r}"
        raise ConfigurationError(message, hint="A name stands for one view and its checkpoint; give each its own.")
