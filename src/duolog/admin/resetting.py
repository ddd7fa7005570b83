"""Building a view anew in its place, from the beginning of the log."""

from contextlib import AsyncExitStack
from typing import Final

from duolog.database.port import Database, View
from duolog.dispatch.shield import shielded
from duolog.errors import LeaseLostError
from duolog.projections.projection import Projection
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name

_LEASE_SECONDS: Final = 30.0


async def reset_projection(database: Database, projection: type[Projection]) -> None:
    """Empty a projection's view and put it at the beginning of the log; other generations of it are dropped.

    Who advances it loses it, and begins again. Queries see the empty view until it has caught up; a rebuild builds
    another one beside it instead.

    Args:
        database: an open database.
        projection: the projection's class.

    Raises:
        LeaseLostError: somebody took a share over meanwhile; nothing was changed.
        StatementError: the DDL of its tables is wrong; the view is gone, and made as soon as it is put right.
        DatabaseError: the database failed.
    """
    view = View(projection.name, projection.version, projection.tables, projection.partitions)
    owner = owner_name()
    async with AsyncExitStack() as stack:
        leases: list[Lease] = []
        for each in (await database.shares.survey()).shares:
            if each.share.subscription != projection.name:
                continue
            lease = await database.leases.acquire(each.share, owner, seconds=_LEASE_SECONDS, take_over=True)
            if lease is None:
                message = f"somebody else took {each.share} over"
                raise LeaseLostError(message)
            leases.append(lease)
            stack.push_async_callback(_release, database, lease)
        generations = await database.generations.read(projection.name)
        live = next((each for each in generations if each.role.value == "live"), None)
        await database.forget_view(projection.name, leases=leases, tables=() if live is None else live.tables)
        await database.prepare_view(view)


async def _release(database: Database, lease: Lease) -> None:
    await shielded(database.leases.release(lease))
