"""Waiting for the log to grow: woken by this process's commits and by other processes, with a poll behind it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from duolog.adapters.postgres.horizon import Horizon
from duolog.errors import DuologError, NotStartedError

BETWEEN_LOOKS: Final = 0.004
"""At least so long between two looks, in seconds: they cost the server a third of a millisecond each."""

_SHORTEST: Final = 0.01
_LONGEST: Final = 0.25
_GROWTH: Final = 1.5


class Tail:
    """Tells any number of waiters that more is settled; one poller serves them all, while somebody waits.

    Args:
        horizon: how far the log is settled.
        before_look: called before each look.
    """

    __slots__ = ("_before_look", "_closed", "_hinted", "_horizon", "_poller", "_waiting")

    def __init__(self, horizon: Horizon, before_look: Callable[[], None]) -> None:
        self._horizon = horizon
        self._before_look = before_look
        self._hinted = asyncio.Event()
        self._waiting: dict[asyncio.Future[None], int] = {}
        self._poller: asyncio.Task[None] | None = None
        self._closed = False

    async def beyond(self, position: int) -> None:
        """Wait until the log is settled beyond ``position``.

        Raises:
            NotStartedError: the database was closed.
            DatabaseError: looking failed.
        """
        if self._closed:
            raise _closed()
        if self._horizon.position > position:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waiter] = position
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name="duolog-postgres-tail")
        try:
            await waiter
        finally:
            del self._waiting[waiter]

    def hint(self) -> None:
        """Say that there may be something new."""
        self._hinted.set()

    async def close(self) -> None:
        """Stop polling, and send the waiters away."""
        self._closed = True
        self._fail(_closed())
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait((self._poller,))

    async def _poll(self) -> None:
        pause = _SHORTEST
        try:
            while self._waiting:
                self._hinted.clear()
                self._before_look()
                before, began = self._horizon.position, time.monotonic()
                position = await self._horizon.look()
                self._wake(position)
                # Who is inside the fence will be gone soon, or is stuck: look again soon, then less often.
                pause = _SHORTEST if position > before else min(pause * _GROWTH, _LONGEST)
                await self._rest(pause, began + BETWEEN_LOOKS)
        except DuologError as error:
            self._fail(error)

    async def _rest(self, pause: float, until: float) -> None:
        if not self._horizon.is_clear:
            pause = min(pause, _SHORTEST)
        try:
            async with asyncio.timeout(pause):
                await self._hinted.wait()
        except TimeoutError:
            return
        await asyncio.sleep(max(0.0, until - time.monotonic()))

    def _wake(self, settled: int) -> None:
        for waiter, position in self._waiting.items():
            if position < settled and not waiter.done():
                waiter.set_result(None)

    def _fail(self, error: DuologError) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(error)


def _closed() -> NotStartedError:
    message = "the database was closed while somebody followed the log"
    return NotStartedError(message)
