"""A clock that tests move."""

from datetime import datetime


class FixedClock:
    """A clock that stands still until it is moved, for tests.

    Args:
        now: the aware time that it shows first.
    """

    __slots__ = ("_now",)

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the time that was set."""
        return self._now

    def move_to(self, now: datetime) -> None:
        """Show ``now`` from here on."""
        self._now = now
