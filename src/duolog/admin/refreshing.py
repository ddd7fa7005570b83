"""Refreshing a materialized view at once, in the place of whoever does it when it is due."""

from contextlib import AsyncExitStack

from duolog.admin.share_division import live_shares
from duolog.admin.share_meeting import take_over
from duolog.database.port import Database
from duolog.errors import ConfigurationError
from duolog.projections.view_refresher import ViewRefresher
from duolog.subscriptions.owner import owner_name
from duolog.subscriptions.share import Share


async def live_share(database: Database, name: str) -> Share:
    """Return the only share of a materialized view's live generation.

    Raises:
        ConfigurationError: no such view has run, or it was divided.
    """
    shares = await live_shares(database, name)
    if len(shares) > 1:
        message = f"the materialized view {name!r} was divided, and is refreshed as a whole"
        raise ConfigurationError(message, hint="`duolog projections merge` makes it whole.")
    return shares[0]


async def refresh_view(database: Database, share: Share, refresher: ViewRefresher) -> int:
    """Refresh a materialized view, and return the position that it has then.

    Its owner's running refresh ends first; then it loses the share, and takes it again afterwards.

    Args:
        database: an open database.
        share: the view's live share.
        refresher: refreshes it.

    Raises:
        LeaseLostError: its live generation is of another version than the code.
        StatementError: its select is wrong.
        ConstraintViolationError: two rows have one key.
        DatabaseError: the database failed.
    """
    async with AsyncExitStack() as stack:
        return await refresher.refresh(await take_over(database, share, owner_name(), stack))
