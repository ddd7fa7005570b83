"""What a subscription's name stands for, as far as the database shows it without the application's code."""

from enum import Enum

from duolog.database.port import Database
from duolog.projections.inline_views import ALWAYS_CURRENT
from duolog.subscriptions.generations import Generation, live_of


class StoredKind(Enum):
    """What has run on a database under a name."""

    PROJECTION = "a projection"
    INLINE = "an inline projection"
    MATERIALIZED = "a materialized view"
    PROCESS = "a reactor or process manager"


async def stored_kind(database: Database, name: str) -> StoredKind:
    """Tell what a name stands for.

    A process has noted where it begins. An inline view that is built has the checkpoint that nothing moves. A
    materialized view is one relation with the view's name and without a primary key, for which no event was processed
    by itself; a projection of that form may be taken for one until it has processed its first event.

    Args:
        database: an open database; it is only read.
        name: the subscription's name.

    Raises:
        DatabaseError: it cannot be read.
    """
    checkpoints = await database.checkpoints.read(name)
    if any(each.position == ALWAYS_CURRENT for each in checkpoints):
        return StoredKind.INLINE
    if await database.process_states.beginning(name) is not None:
        return StoredKind.PROCESS
    live = live_of(await database.generations.read(name))
    if live is None or any(each.processed.count for each in checkpoints):
        return StoredKind.PROJECTION
    is_materialized = await _is_one_relation(database, live) and not any(
        each.processed.count for each in await database.checkpoints.stretches(name, live.number)
    )
    return StoredKind.MATERIALIZED if is_materialized else StoredKind.PROJECTION


async def _is_one_relation(database: Database, live: Generation) -> bool:
    if live.tables != (live.subscription,):
        return False
    return all(not each.key for each in await database.stored_tables(live))
