"""Growing, jittered pauses between attempts."""

import random


class Backoff:
    """Pauses that double from ``first`` to ``last``, each up to half longer, so that many waiters do not move in step.

    Args:
        first: the shortest pause, in seconds.
        last: the longest pause, in seconds.
        attempts: so many pauses were made before.
    """

    __slots__ = ("_attempts", "_first", "_last")

    def __init__(self, *, first: float, last: float, attempts: int = 0) -> None:
        self._first = first
        self._last = last
        self._attempts = attempts

    def pause(self) -> float:
        """Return the next pause, in seconds."""
        # Beyond 2**32 every pause is the longest one, and a float would overflow at 2**1024.
        grown: float = self._first * 2 ** min(self._attempts, 32)
        self._attempts += 1
        return min(self._last, grown * random.uniform(1.0, 1.5))  # noqa: S311 - jitter keeps no secret

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self._attempts = 0
