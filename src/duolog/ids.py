"""Time-ordered identifiers (UUIDv7, RFC 9562) for events, correlation and processes."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last_ticks = 0


def uuid7() -> UUID:
    """Make a UUIDv7 that is greater than every one this process made before.

    The 48-bit Unix time in milliseconds is followed by 12 bits of sub-millisecond time (RFC 9562,
    method 3); a clock that stands still or steps back moves the pair on by one tick.

    Returns:
        A version 7 UUID with 62 random bits.
    """
    global _last_ticks  # noqa: PLW0603 - one monotonic counter a process is the point
    now = time.time_ns()
    ticks = (now // 1_000_000) << 12 | (now % 1_000_000) * 4096 // 1_000_000
    with _lock:
        if ticks <= _last_ticks:
            ticks = _last_ticks + 1
        _last_ticks = ticks
    random_bits = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    value = ((ticks >> 12) & ((1 << 48) - 1)) << 80 | 0x7 << 76 | (ticks & 0xFFF) << 64 | 0b10 << 62 | random_bits
    return UUID(int=value)
