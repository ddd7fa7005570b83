"""Building the view of an inline projection over a log that has events already."""

import asyncio
from collections.abc import Callable
from typing import Final

from duolog.dispatch.shield import shielded
from duolog.errors import InlineViewNotBuiltError, LeaseLostError
from duolog.eventstore.filters import EventFilter
from duolog.projections.inline_views import ALWAYS_CURRENT, InlineViews, is_built, wanted_types
from duolog.projections.projection import Projection
from duolog.projections.views import OpenView, PrepareView
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource

_LEASE_SECONDS: Final = 30.0
_SLICE: Final = 500
_PATIENCE: Final = 10.0
_BETWEEN_LOOKS: Final = 0.05


class InlineBuilding:
    """Makes inline views show what the log has.

    The view is built in its place, in slices that a kill interrupts without harm; in the last one whoever appends is
    held out, so that the view shows every event when it begins to be written by those who append. While it is built,
    processes of another version that append its events are refused, so this is done while they are stopped.

    Args:
        views: applies events.
        source: the log, checkpoints and leases; every database is one.
        prepare_view: brings a projection's view to its version.
        open_view: opens a projection's view.
    """

    __slots__ = ("_open_view", "_prepare_view", "_source", "_views")

    def __init__(
        self, views: InlineViews, *, source: SubscriptionSource, prepare_view: PrepareView, open_view: OpenView
    ) -> None:
        self._views = views
        self._source = source
        self._prepare_view = prepare_view
        self._open_view = open_view

    async def check(self) -> None:
        """Refuse to go on with a view that does not show the log; one that has nothing to show is built at once.

        Raises:
            InlineViewNotBuiltError: the log has events that a view does not show.
            StatementError: the DDL of a view is wrong.
            ViewNotEmptyError: a view that never ran here would begin with rows.
            DatabaseError: the database failed.
        """
        for projection in self._views.projections:
            async with asyncio.timeout(_PATIENCE):  # processes that start together build one after another
                while not is_built(projection, await self._source.checkpoints.read(projection.name)):
                    if (await self._source.store.read_all(limit=1, filter=_wanted(projection))).events:
                        raise InlineViewNotBuiltError(subscription=projection.name, version=projection.version)
                    try:
                        await self.build(projection)
                    except LeaseLostError:
                        await asyncio.sleep(_BETWEEN_LOOKS)

    async def build(self, projection: type[Projection], *, progress: Callable[[int], None] | None = None) -> None:
        """Build a view from where it is, or from the beginning if it is of another version.

        Args:
            projection: the inline projection.
            progress: called with the position after each slice.

        Raises:
            InlineProjectionError: a method raised, or the database refused what it wrote.
            LeaseLostError: somebody else builds it.
            ViewNotEmptyError: a view that never ran here would begin with rows.
            DatabaseError: the database failed.
        """
        share = Share(projection.name)
        leases = self._source.leases
        lease = await leases.acquire(share, owner_name(), seconds=_LEASE_SECONDS)
        if lease is None:
            message = f"somebody else builds {projection.name!r}"
            raise LeaseLostError(message, hint="Wait for it; if it died, its lease ends after half a minute.")
        try:
            (checkpoint,) = await self._prepare_view(projection, lease.token)
            position = checkpoint.position
            while position < ALWAYS_CURRENT:
                await leases.renew((lease,), seconds=_LEASE_SECONDS)
                position = await self._slice(projection, lease, position)
                if progress is not None:
                    progress(position)
        finally:
            await shielded(leases.release(lease))

    async def _slice(self, projection: type[Projection], lease: Lease, position: int) -> int:
        """Apply one slice; the last one holds those out who append. Return the position after it."""
        page = await self._source.store.read_all(after=position, limit=_SLICE, filter=_wanted(projection))
        is_last = len(page.events) < _SLICE
        session = self._open_view(projection, lease.share, Role.LIVE)
        try:
            events = await session.hold_appends(position, _wanted(projection)) if is_last else page.events
            await self._views.apply(projection, events, session)
            move = CheckpointMove(lease.share, projection.version, lease.token, position, page.through)
            new = ALWAYS_CURRENT if is_last else page.through
            await session.commit(move.over(events, new=new))
        finally:
            await shielded(session.close())
        return new


def _wanted(projection: type[Projection]) -> EventFilter:
    return EventFilter.of(types=sorted(wanted_types(projection)))
