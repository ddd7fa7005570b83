"""Losers of hot boundaries are told one after another, so that each who tries again has a chance.

Of all who decide over one boundary at once, one wins and the others are stale. Told all at once, they all read the
boundary again and all append again, for one more success: the work for a success grows with their number. Told in
turn, the first is back with a decision that is fresh while the others still wait, and nobody is overtaken.
"""

import asyncio
from collections import deque
from typing import Final

PAUSE_SECONDS: Final = 0.001
MOST_PAUSES: Final = 64
"""Whoever waits is told after so many pauses at the latest, however many wait."""


class LosersTurns:
    """Lets one through at a time, first come, first served; whoever is alone does not wait."""

    __slots__ = ("_timer", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def take(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        if self._timer is None:
            self._timer = loop.call_later(PAUSE_SECONDS, self._next, loop)
            return
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiting.append(waiter)
        await waiter

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = loop.call_later(PAUSE_SECONDS, self._next, loop) if self._waiting else None
        for _ in range(-(-len(self._waiting) // MOST_PAUSES)):
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
