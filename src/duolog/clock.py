"""The clock as a port, so that tests move time instead of waiting for it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of this process. What a database decides (leases, order) uses the database's clock."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...


class SystemClock:
    """The operating system's clock."""

    __slots__ = ()

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        return datetime.now(UTC)


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
