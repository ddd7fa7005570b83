"""Removing what is left of a projection that no code has any more."""

from collections.abc import Sequence
from typing import Final

from duolog.admin.projection_status import ProjectionStatus, projection_statuses
from duolog.database.port import Database
from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError, LeaseLostError
from duolog.subscriptions.owner import owner_name

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
        LeaseLostError: a process runs the projection; nothing was changed.
        StatementError: there is no such table, or it is one of duolog's own; nothing was changed.
        DatabaseError: the database failed; nothing was changed.
    """
    lease = await database.leases.acquire(name, owner_name(), seconds=_LEASE_SECONDS)
    if lease is None:
        message = f"a process runs the projection {name!r}"
        hint = "`duolog projections status` names it. Stop it, or take the projection out of its code, first."
        raise LeaseLostError(message, hint=hint)
    try:
        await database.forget_view(name, token=lease.token, tables=tables)
    finally:
        await shielded(database.leases.release(lease))
