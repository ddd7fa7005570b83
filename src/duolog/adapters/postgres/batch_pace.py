"""How much of the queue goes into the next batch: all of it, or half of those who take turns.

Whoever's commit is decided goes on and comes back with another one. If all who are there are sent at once, they also
come back at once: while the server works this process waits, and while this process works the server waits. Sent in
two halves, one half prepares its next commits while the server decides the other's. It costs one transaction more a
turn, so it pays where preparing takes longer than that: with many commits, and where a transaction is short.
"""

from typing import Final

PREPARING_SECONDS: Final = 0.000_1
"""About what a unit of work costs this process before it is sent; see the costs in docs/explanation/performance.md."""

_FORGETTING: Final = 1.05


class BatchPace:
    """Decides how many commits to send, by how long the last transactions took and how many were sent."""

    __slots__ = ("_last", "_seconds")

    def __init__(self) -> None:
        self._last = 0
        self._seconds = float("inf")

    def most(self, waiting: int) -> int:
        """Return how many of those who wait may be sent now; as many as there are if nobody comes back."""
        taking_turns = waiting + self._last
        if taking_turns * PREPARING_SECONDS < 2 * self._seconds:
            return waiting
        return (taking_turns + 1) // 2

    def note(self, sent: int, seconds: float) -> None:
        """Take in how many were sent at last, and how long it took to decide them.

        What counts is about the shortest of the last times: one that took long by chance says nothing about the next.
        """
        self._last = sent
        self._seconds = min(seconds, self._seconds * _FORGETTING)
