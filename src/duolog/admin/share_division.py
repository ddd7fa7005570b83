"""Dividing the live view of a projection into more shares, or fewer, while it is being worked on."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from duolog.database.port import Database
from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.eventstore.port import EventPage
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share

_LEASE_SECONDS: Final = 30.0
_BATCH: Final = 500


async def split_shares(database: Database, name: str) -> Sequence[Share]:
    """Divide each share of a projection's live view into two halves, which go on where it was.

    A share's owner loses it, with the page that it is at; the next owners of its halves begin within a moment. Each
    share is divided as a whole or not at all; one of a single bucket stays as it is.

    Args:
        database: an open database.
        name: the projection's name.

    Returns:
        The shares as they are now, by bucket.

    Raises:
        ConfigurationError: no such projection has run, or it cannot be divided further.
        LeaseLostError: somebody else divides it at the same time; what was divided stays so.
        DatabaseError: the database failed; what was divided stays so.
    """
    shares = await live_shares(database, name)
    wide = [share for share in shares if share.buckets.lo < share.buckets.hi]
    if not wide:
        message = f"the view {name!r} has a share for every bucket"
        raise ConfigurationError(message, hint="It cannot be divided further.")
    owner = owner_name()
    for share in wide:
        async with AsyncExitStack() as stack:
            await database.shares.split(await _take_over(database, share, owner, stack))
    return await live_shares(database, name)


async def merge_shares(
    database: Database, projection: type[Projection], processors: ProjectionShares
) -> Sequence[Share]:
    """Make one share of each two neighbours of a projection's live view; of an odd number, the last stays.

    The share that is behind is first brought to where the other is, by the projection's code and under its lease. Each
    pair is merged as a whole or not at all.

    Args:
        database: an open database.
        projection: the projection's class.
        processors: makes what applies pages.

    Returns:
        The shares as they are now, by bucket.

    Raises:
        ConfigurationError: it has not run, has one share only, or its view has another version than the code.
        LeaseLostError: somebody else took a share over meanwhile; what was merged stays so.
        DatabaseError: the database failed; what was merged stays so.
    """
    name = projection.name
    shares = await live_shares(database, name)
    if len(shares) == 1:
        message = f"the view {name!r} has one share"
        raise ConfigurationError(message, hint="`duolog projections split` divides it.")
    owner = owner_name()
    for lower, upper in zip(shares[::2], shares[1::2], strict=False):
        async with AsyncExitStack() as stack:
            leases = [await _take_over(database, share, owner, stack) for share in (lower, upper)]
            meeting = max([(await _position(database, lease.share)) for lease in leases])
            for lease in leases:
                await _CatchUp(database, projection, processors, leases).bring(lease, meeting)
            await database.shares.merge(*leases)
    return await live_shares(database, name)


async def live_shares(database: Database, name: str) -> Sequence[Share]:
    """Return the shares of a projection's live view, by bucket.

    Raises:
        ConfigurationError: no such projection has run.
    """
    checkpoints = await database.checkpoints.read(name)
    if not checkpoints:
        message = f"no projection {name!r} has run on this database"
        raise ConfigurationError(message, hint="`duolog projections status` shows which have.")
    return [checkpoint.share for checkpoint in checkpoints]


class _CatchUp:
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


async def _position(database: Database, share: Share) -> int:
    checkpoint = await database.checkpoints.read_share(share)
    if checkpoint is None:
        raise _lost(share)
    return checkpoint.position


async def _take_over(database: Database, share: Share, owner: str, stack: AsyncExitStack) -> Lease:
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
