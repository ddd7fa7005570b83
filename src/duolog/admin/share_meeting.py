"""Bringing shares to one position, by the projection's code and under their leases."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from duolog.database.port import Database
from duolog.dispatch.shield import shielded
from duolog.errors import LeaseLostError
from duolog.eventstore.port import EventPage
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share

_LEASE_SECONDS: Final = 30.0
_BATCH: Final = 500


class CatchUp:
    """Brings shares further whose leases one has.

    Args:
        database: an open database.
        projection: the projection's class.
        processors: makes what applies pages.
        leases: all that are kept meanwhile.
    """

    def __init__(
        self,
        database: Database,
        projection: type[Projection],
        processors: ProjectionShares,
        leases: Sequence[Lease],
    ) -> None:
        self._database = database
        self._projection = projection
        self._processors = processors
        self._leases = leases

    async def bring(self, lease: Lease, meeting: int) -> None:
        """Apply what a share wants up to a position, and move its checkpoint there."""
        following = self._processors.following(self._projection, lease.share)
        at = await following.processor.begin(lease)
        while at < meeting:
            if len(await self._database.leases.renew(self._leases, seconds=_LEASE_SECONDS)) < len(self._leases):
                raise _lost(lease.share)
            page = await self._database.store.read_all(after=at, limit=_BATCH, filter=following.filter)
            events = [event for event in page.events if event.position <= meeting]
            through = min(page.through, meeting)
            move = CheckpointMove(lease.share, following.version, lease.token, at, through)
            await following.processor.apply(EventPage(events, through), move.over(events))
            at = through


async def share_position(database: Database, share: Share) -> int:
    """Return where a share is.

    Raises:
        LeaseLostError: it is divided anew, or dropped.
    """
    checkpoint = await database.checkpoints.read_share(share)
    if checkpoint is None:
        raise _lost(share)
    return checkpoint.position


async def take_over(database: Database, share: Share, owner: str, stack: AsyncExitStack) -> Lease:
    """Take the lease on a share from whoever has it; it is given back when ``stack`` is left."""
    lease = await database.leases.acquire(share, owner, seconds=_LEASE_SECONDS, take_over=True)
    if lease is None:
        raise _lost(share)

    async def release() -> None:
        await shielded(database.leases.release(lease))

    stack.push_async_callback(release)
    return lease


def _lost(share: Share) -> LeaseLostError:
    message = f"{share} was taken over, or divided anew, by somebody else"
    return LeaseLostError(message, hint="Look which shares there are now, and try again.")
