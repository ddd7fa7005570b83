"""Forgets idempotency keys in the background, once they have been kept for long enough."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from duolog.errors import DuologError

PAUSE: Final = 600.0
"""Seconds between two sweeps."""

_BATCH: Final = 1_000

_log: Final = logging.getLogger("duolog.write")


class SweptKeys(Protocol):
    """Keys that can be forgotten; what a sweeper needs of an `IdempotencyStore`."""

    async def sweep(self, *, seconds: float, limit: int = 1_000) -> int:
        """Forget keys that were stored so long ago, and return how many; see `IdempotencyStore.sweep`."""
        ...


class KeySweeper:
    """Sweeps in small batches, so that commands wait for none of them; any number of processes may do so.

    Args:
        store: where the keys are; called once the database is open.
        hours: how long a key is kept.
    """

    __slots__ = ("_hours", "_store", "_task")

    def __init__(self, store: Callable[[], SweptKeys], *, hours: float) -> None:
        self._store = store
        self._hours = hours
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to sweep, now and then."""
        self._task = asyncio.create_task(self._run(), name="duolog key sweeper")

    async def stop(self) -> None:
        """End sweeping; a batch that is under way ends as a whole or not at all."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    async def sweep(self) -> int:
        """Forget everything that has been kept for long enough, and return how many keys that were.

        Raises:
            DatabaseError: the database failed; what was forgotten before stays forgotten.
        """
        store, total = self._store(), 0
        while True:
            count = await store.sweep(seconds=self._hours * 3_600, limit=_BATCH)
            total += count
            if count < _BATCH:
                return total

    async def _run(self) -> None:
        while True:
            try:
                await self.sweep()
            except DuologError:
                _log.warning("idempotency keys could not be swept; it is tried again later", exc_info=True)
            await asyncio.sleep(PAUSE)
