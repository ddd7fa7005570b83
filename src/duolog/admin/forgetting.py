"""Removing what is left of a projection that no code has any more."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Final

from duolog.admin.projection_status import ProjectionStatus, projection_statuses
from duolog.database.port import Database
from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.projections.inline_views import ALWAYS_CURRENT
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share
from duolog.subscriptions.shares import Survey

_LEASE_SECONDS: Final = 30.0


async def known_projection(database: Database, name: str) -> ProjectionStatus:
    """Return where a projection stands that has run on a database.

    Args:
        database: an open database; it is only read.
        name: the projection's name.

    Raises:
        ConfigurationError: none of that name has run on it.
    """
    statuses = {status.name: status for status in await projection_statuses(database)}
    if name not in statuses:
        message = f"no projection {name!r} has run on this database"
        raise ConfigurationError(message, hint=f"These have: {', '.join(statuses) or 'none'}.")
    return statuses[name]


async def forget_projection(database: Database, name: str, *, tables: Sequence[str] = ()) -> None:
    """Remove a projection's checkpoint and parked events, and tables of it.

    Args:
        database: an open database.
        name: the projection's name.
        tables: names of tables to drop.

    Raises:
        LeaseLostError: a process runs the projection, or writes it as it is inline; nothing was changed.
        StatementError: there is no such table, or it is one of duolog's own; nothing was changed.
        DatabaseError: the database failed; nothing was changed.
    """
    owner = owner_name()
    async with AsyncExitStack() as stack:
        leases: list[Lease] = []
        survey = await database.shares.survey()
        if any(each.share.subscription == name and each.position == ALWAYS_CURRENT for each in survey.shares):
            _check_nobody_writes(name, survey)
        for each in survey.shares:
            if each.share.subscription == name:
                leases.append(await _lease(database, each.share, owner))
                stack.push_async_callback(_release, database, leases[-1])
        await database.forget_view(name, leases=leases, tables=tables)


def _check_nobody_writes(name: str, survey: Survey) -> None:
    """Refuse to forget an inline view that a process has in its code: nobody owns it, and who appends needs it."""
    there = sorted({owner for work, owners in survey.members.items() if work.subscription == name for owner in owners})
    if there:
        message = f"processes write the inline projection {name!r}: {', '.join(there)}"
        raise LeaseLostError(message, hint="Stop them, or take the projection out of their code, first.")


async def _lease(database: Database, share: Share, owner: str) -> Lease:
    lease = await database.leases.acquire(share, owner, seconds=_LEASE_SECONDS)
    if lease is None:
        message = f"a process runs the projection {share.subscription!r}"
        hint = "`duolog projections status` names it. Stop it, or take the projection out of its code, first."
        raise LeaseLostError(message, hint=hint)
    return lease


async def _release(database: Database, lease: Lease) -> None:
    await shielded(database.leases.release(lease))
