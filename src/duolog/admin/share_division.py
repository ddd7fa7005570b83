"""Dividing the live view of a projection into more shares, or fewer, while it is being worked on."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from duolog.admin.share_meeting import CatchUp, share_position, take_over
from duolog.admin.stored_kinds import StoredKind, stored_kind
from duolog.database.port import Database, View
from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError
from duolog.projections.projection import Projection
from duolog.projections.shares import ProjectionShares
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import merge_all


async def split_shares(database: Database, name: str) -> Sequence[Share]:
    """Divide each share of a projection's live view into two halves, which go on where it was.

    Only what follows the log and keeps its events apart by keys can be divided: no inline projection, which is written
    by who appends, no reactor or process manager, and no materialized view, which is refreshed as a whole.

    A share's owner loses it, with the page that it is at; the next owners of its halves begin within a moment. Each
    share is divided as a whole or not at all; one of a single bucket stays as it is.

    Args:
        database: an open database.
        name: the projection's name.

    Returns:
        The shares as they are now, by bucket.

    Raises:
        ConfigurationError: no such projection has run, it is of another kind, or it cannot be divided further.
        LeaseLostError: somebody else divides it at the same time; what was divided stays so.
        DatabaseError: the database failed; what was divided stays so.
    """
    shares = await live_shares(database, name)
    kind = await stored_kind(database, name)
    if kind is not StoredKind.PROJECTION:
        message = f"{name!r} is {kind.value}, which has one share"
        raise ConfigurationError(message, hint="Only views of projections that follow the log are divided.")
    wide = [share for share in shares if share.buckets.lo < share.buckets.hi]
    if not wide:
        message = f"the view {name!r} has a share for every bucket"
        raise ConfigurationError(message, hint="It cannot be divided further.")
    owner = owner_name()
    for share in wide:
        async with AsyncExitStack() as stack:
            await database.shares.split(await take_over(database, share, owner, stack))
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
        raise _undivided(name, "`duolog projections split` divides it.")
    owner = owner_name()
    for lower, upper in zip(shares[::2], shares[1::2], strict=False):
        async with AsyncExitStack() as stack:
            leases = [await take_over(database, share, owner, stack) for share in (lower, upper)]
            meeting = max([(await share_position(database, lease.share)) for lease in leases])
            for lease in leases:
                await CatchUp(database, projection, processors, leases).bring(lease, meeting)
            await database.shares.merge(*leases)
    return await live_shares(database, name)


async def rejoin_shares(database: Database, name: str, *, as_whole: bool) -> Sequence[Share]:
    """Make one share of what must not be divided, and was: an inline view, a process, a materialized view.

    Args:
        database: an open database.
        name: the subscription's name.
        as_whole: each share has written all of the view, as those of a materialized view do: they may be at different
            positions, and the furthest one is that of the rows. Its next refresh comes at once.

    Returns:
        The only share.

    Raises:
        ConfigurationError: it has not run, or has one share already.
        LeaseLostError: somebody else took a share over meanwhile; what was merged stays so.
        DatabaseError: the database failed; what was merged stays so.
    """
    shares = await live_shares(database, name)
    if len(shares) == 1:
        raise _undivided(name, "It cannot be divided.")
    owner = owner_name()
    async with AsyncExitStack() as stack:
        leases = [await take_over(database, share, owner, stack) for share in shares]
        if as_whole:
            await _meet(database, leases)
        await merge_all(database.shares, leases)
    return await live_shares(database, name)


async def _meet(database: Database, leases: Sequence[Lease]) -> None:
    """Move checkpoints to the furthest one, without applying anything."""
    checkpoints = [await database.checkpoints.read_share(lease.share) for lease in leases]
    there = [each for each in checkpoints if each is not None]
    furthest = max(each.position for each in there)
    for lease, each in zip(leases, there, strict=True):
        if each.position < furthest:
            session = database.open_view(View(each.subscription, each.version, {}), each.share)
            try:
                await session.commit(CheckpointMove(each.share, each.version, lease.token, each.position, furthest))
            finally:
                await shielded(session.close())


def _undivided(name: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"the view {name!r} has one share", hint=hint)


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
