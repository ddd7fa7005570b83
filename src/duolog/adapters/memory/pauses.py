"""Pauses in memory."""

from collections.abc import Mapping

from duolog.adapters.memory.clock import DatabaseClock
from duolog.subscriptions.pauses import Pause


class MemoryPauses:
    """`Pauses`.

    Args:
        clock: the database's clock.
    """

    __slots__ = ("_clock", "_paused")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._paused: dict[str, Pause] = {}

    async def read(self) -> Mapping[str, Pause]:
        """Return all pauses, by subscription."""
        return dict(self._paused)

    async def pause(self, subscription: str, *, by: str) -> None:
        """Pause a subscription; see `Pauses.pause`."""
        self._paused.setdefault(subscription, Pause(by, self._clock.now()))

    async def resume(self, subscription: str) -> None:
        """Let a subscription go on."""
        self._paused.pop(subscription, None)

    def replace(self, paused: Mapping[str, Pause]) -> None:
        """Put other pauses in the place of those that are there."""
        self._paused = dict(paused)
