"""Time-ordered identifiers (UUIDv7, RFC 9562) for events, correlation and processes."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Final
from uuid import UUID, SafeUUID

_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_MILLISECONDS: Final = ~0xFFF
_RANDOM_BITS: Final = (1 << 62) - 1
_RANDOM_BYTES: Final = 8
_BYTES_AT_ONCE: Final = 512 * _RANDOM_BYTES

_UNKNOWN: Final = SafeUUID.unknown  # an enum's member is slow to look up
_new: Final = UUID.__new__
_set: Final = object.__setattr__


class _Source:
    """Where ids come from: the last one's time, and random bytes that were fetched from the system in one call."""

    __slots__ = ("_lock", "_random", "_ticks")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start afresh: two processes must never share random bytes, so a forked one throws its own away."""
        self._lock = threading.Lock()
        self._ticks = 0
        self._random: Iterator[int] = iter(())

    def next(self, ticks: int) -> tuple[int, int]:
        """Return ticks greater than every one before, and 64 random bits that nobody else gets."""
        with self._lock:
            if ticks <= self._ticks:
                ticks = self._ticks + 1
            self._ticks = ticks
            bits = next(self._random, None)
            if bits is None:
                self._random = iter(memoryview(os.urandom(_BYTES_AT_ONCE)).cast("Q").tolist())
                bits = next(self._random)
            return ticks, bits


_source: Final = _Source()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_source.reset)


def uuid7() -> UUID:
    """Make a UUIDv7 that is greater than every one this process made before.

    The 48-bit Unix time in milliseconds is followed by 12 bits of sub-millisecond time (RFC 9562,
    method 3); a clock that stands still or steps back moves the pair on by one tick.

    Returns:
        A version 7 UUID with 62 random bits.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    ticks, bits = _source.next(milliseconds << 12 | nanoseconds * 4096 // 1_000_000)
    # The constructor's checks of what is right by construction would take longer than everything above.
    made = _new(UUID)
    _set(made, "int", (ticks & _MILLISECONDS) << 68 | _VERSION | (ticks & 0xFFF) << 64 | _VARIANT | bits & _RANDOM_BITS)
    _set(made, "is_safe", _UNKNOWN)
    return made
