"""The database's clock, by which records are dated and leases expire."""

import time


class DatabaseClock:
    """Microseconds since 1970, counted from the start by the monotonic clock, so that they never step back."""

    __slots__ = ("_start",)

    def __init__(self) -> None:
        self._start = time.time_ns() - time.monotonic_ns()

    def now(self) -> int:
        """Return the current time, microseconds since 1970."""
        return (self._start + time.monotonic_ns()) // 1_000
