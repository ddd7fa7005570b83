"""Read-your-writes: waiting until the views that a query reads show what was written at a position."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from duolog.errors import AfterTimeoutError, ForeignTokenError, PositionAheadOfLogError, ViewParkedError
from duolog.eventstore.port import EventStore
from duolog.messages.binding import ReadModel
from duolog.read.position_token import PositionToken, positions_of
from duolog.subscriptions.parking import Parking
from duolog.subscriptions.progress import ANYWHERE, Progress

_HIGHEST: Final = 2**63 - 1


class PositionWait:
    """Makes a query wait for a position, holding no connection meanwhile.

    Args:
        store: the log that positions belong to.
        parking: what projections have set aside.
        progress: how far projections are.
    """

    __slots__ = ("_parking", "_progress", "_store")

    def __init__(self, store: EventStore, parking: Parking, progress: Progress) -> None:
        self._store = store
        self._parking = parking
        self._progress = progress

    async def until(self, reads: Sequence[type[ReadModel]], after: int | PositionToken, seconds: float) -> None:
        """Wait until every read model has passed what ``after`` names, and has applied rather than parked it.

        Args:
            reads: the projections whose views the query reads; none means tables, which are never behind.
            after: a command's position or token; position 0 names nothing.
            seconds: how long to wait at most.

        Raises:
            ForeignTokenError: the token belongs to another log, or the position is none (negative, too large).
            PositionAheadOfLogError: the log has not reached the position.
            AfterTimeoutError: a view did not reach it in time.
            ViewParkedError: a view has parked what was written, so its answer would be older.
            DatabaseError: checkpoints could not be read.
        """
        written = self._written(after)
        position = written[-1]
        names = tuple(model.name for model in reads)
        if not names or not position:
            return
        buckets = after.partitions if isinstance(after, PositionToken) else ANYWHERE
        if not all(self._progress.has_reached(name, position, buckets) for name in names):
            await self._check_head(position)
            await self._wait(names, position, buckets, seconds)
        for name in names:
            if await self._parking.is_parked(name, written):
                raise ViewParkedError(position=position, view=name)

    def _written(self, after: int | PositionToken) -> range:
        if isinstance(after, PositionToken):
            if after.log_id != self._store.log_id:
                message = "the token belongs to another log"
                raise ForeignTokenError(message, hint="The log was restored or replaced; read without the token.")
        elif not _is_position(after):
            message = "a position is a whole number from 0 to 2**63 - 1"
            hint = "Give after= the position of a receipt, or its token; PositionToken.decode(text) reads one."
            raise ForeignTokenError(message, hint=hint)
        first, last = positions_of(after)
        return range(first, last + 1)

    async def _check_head(self, position: int) -> None:
        head = await self._store.head()
        if position > head:
            raise PositionAheadOfLogError(position=position, head=head)

    async def _wait(self, names: Iterable[str], position: int, buckets: frozenset[int], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                for name in names:
                    await self._progress.reached(name, position, buckets)
        except TimeoutError:
            reached = {name: await self._progress.position(name, buckets) for name in names}
            behind = {name: at for name, at in reached.items() if at < position}
            if behind:
                raise AfterTimeoutError(position=position, reached=behind, seconds=seconds) from None


def _is_position(after: object) -> bool:
    return isinstance(after, int) and 0 <= after <= _HIGHEST
