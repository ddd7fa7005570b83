"""Reading what views have come to in a query's own snapshot."""

import time

from duolog.dispatch.context import MessageContext
from duolog.errors import ConfigurationError
from duolog.read.caching.entry import ViewsRead
from duolog.read.caching.known_views import NEVER, KnownViews
from duolog.read.read_scope import ReadScope


async def read_views(context: MessageContext, views: tuple[str, ...], known: KnownViews) -> ViewsRead | None:
    """Read what views have come to in the snapshot of a query, and note that this process has heard of it.

    It comes before everything that the query reads. Where the database has no snapshots, or a service reads elsewhere,
    the answer is then at least as new as what is said here, which is the safe side.

    Args:
        context: of the query.
        views: their names.
        known: where it is noted.

    Returns:
        None if one of the views never ran.

    Raises:
        DatabaseError: it could not be read.
    """
    scope = context.find(ReadScope)
    if scope is None:
        message = "a query without a read scope cannot be cached or watched"
        raise ConfigurationError(message, hint="Leave the middleware `read_scope` outside of `cache`.")
    began = time.monotonic()
    changes = await scope.session.view_changes(views)
    as_of = NEVER if scope.is_behind else began  # a replica does not tell how far its primary was
    for view, change in changes.items():
        known.hear(view, change, as_of)
    if any(view not in changes for view in views):
        return None
    return ViewsRead(tuple(changes[view].version for view in views), min(changes[view].position for view in views))


async def require_known(
    context: MessageContext, views: tuple[str, ...], known: KnownViews, *, since: float = NEVER
) -> None:
    """Let a replica answer a query only from views that have come as far as this process knows, or further.

    Args:
        context: of the query, before it has read anything.
        views: their names.
        known: what is known of them.
        since: it must be known since this time of the steady clock, in seconds; else they are looked at first.

    Raises:
        DatabaseError: they could not be looked at.
    """
    scope = context.find(ReadScope)
    if scope is None or scope.open_replica is None:
        return
    if any(known.of(view).as_of < since for view in views):
        await known.check(views, since=since)
    scope.require({view: known.of(view).version for view in views})
