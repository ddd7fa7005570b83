"""What a log takes along beside its events when it is moved: all that is remembered but that inline views are built."""

from collections.abc import AsyncIterator, Collection, Sequence

from duolog.admin.log_digest import MemoryDigest
from duolog.database.port import Database
from duolog.database.transfer import Remembered
from duolog.errors import TransferError
from duolog.projections.inline_views import ALWAYS_CURRENT
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.processed import Stretch


async def views_to_build(source: Database, tables: Collection[str]) -> Sequence[str]:
    """Return the names of inline views that are built in a database, and whose tables do not go along.

    Nobody follows the log for them, so nobody would see that the tables are missing where their checkpoints arrive.

    Args:
        source: an open database.
        tables: the tables whose rows go along.

    Raises:
        DatabaseError: it cannot be read.
    """
    lives = [each for each in await source.generations.read_all() if each.role is Role.LIVE]
    checkpoints = await source.checkpoints.read_all()
    built = {each.share.key[:2] for each in checkpoints if each.position == ALWAYS_CURRENT}
    return [
        each.subscription
        for each in lives
        if each.tables and (each.subscription, each.number) in built and not set(each.tables).intersection(tables)
    ]


async def moved_memory(source: Database, left: Collection[str]) -> AsyncIterator[Sequence[Remembered]]:
    """Yield what a database remembers, as `LogTransfer.remembered` does, without what it says of some views.

    Args:
        source: an open database.
        left: the views' names.

    Raises:
        DatabaseError: it cannot be read.
    """
    async for page in source.transfer.remembered():
        yield [each for each in page if _subscription(each) not in left]


async def verify_memory(source: Database, target: Database, left: Collection[str]) -> int:
    """Compare what both sides remember, and return how many things it is.

    Args:
        source: where the log was.
        target: where it went.
        left: names of views that do not go along.

    Raises:
        TransferError: they remember different things.
        DatabaseError: one of them cannot be read.
    """
    here, there = MemoryDigest(), MemoryDigest()
    async for page in moved_memory(source, left):
        here.add(page)
    async for page in target.transfer.remembered():
        there.add(page)
    if (here.count, here.hex) != (there.count, there.hex):
        message = f"what the source remembers beside the events is not the same in {target.url}"
        raise TransferError(message, hint="Run the same again: it is moved anew, as a whole.")
    return here.count


def _subscription(each: Remembered) -> str:
    if isinstance(each, Stretch):
        return each.share.subscription
    return each.subscription if isinstance(each, Generation | Checkpoint) else ""
