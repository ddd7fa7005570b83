"""Lets those who ask for the same thing at the same time wait for one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs work once for all who want it under the same key while it is under way.

    Whoever is cancelled leaves alone; when nobody waits any more, the work is cancelled.
    """

    def __init__(self) -> None:
        self._flights = dict[str, asyncio.Task[T]]()
        self._waiting = dict[asyncio.Task[T], int]()

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        """Return what the work under a key comes to.

        Args:
            key: equal keys are the same work.
            work: begun if none is under way.

        Raises:
            Exception: what the work raises, to all who wait for it.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.ensure_future(_awaited(work))
            self._waiting[flight] = 0
            flight.add_done_callback(lambda done: self._land(key, done))
        self._waiting[flight] += 1
        try:
            return await asyncio.shield(flight)
        finally:
            self._leave(key, flight)

    def _leave(self, key: str, flight: asyncio.Task[T]) -> None:
        self._waiting[flight] -= 1
        if self._waiting[flight] == 0:
            del self._waiting[flight]
            if not flight.done():
                self._land(key, flight)  # nobody may join what is being cancelled
                flight.cancel()

    def _land(self, key: str, flight: asyncio.Task[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
