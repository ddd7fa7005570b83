"""The level that processes share, seen by a process that can do without it."""

import asyncio
import logging
import math
import time
from typing import Final

from duolog.read.caching.entry import CacheEntry
from duolog.read.caching.figures import CacheMeter
from duolog.read.caching.level import CacheLevel

_AT_ONCE: Final = 32  # redis-py refuses more than 100 connections, and whoever waits here waits for an answer anyway

_log: Final = logging.getLogger("duolog.cache")


class SharedLevel:
    """Asks a level within a time limit, reports its failures, and leaves it alone for a while after one.

    Args:
        level: the level.
        seconds: how long one call may take.
        rest_seconds: how long it is left alone after a failure.
    """

    __slots__ = ("_level", "_rest_seconds", "_rests_until", "_room", "_seconds")

    def __init__(self, level: CacheLevel, *, seconds: float, rest_seconds: float) -> None:
        self._level = level
        self._seconds = seconds
        self._rest_seconds = rest_seconds
        self._rests_until = -math.inf
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def get(self, key: bytes, meter: CacheMeter) -> CacheEntry | None:
        """Return what is kept under a key; None also if the level fails."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(self._seconds), self._room:
                return await self._level.get(key)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the cache, there is an answer without it
            self._report(error, meter)
            return None

    async def fill(self, key: bytes, entry: CacheEntry, meter: CacheMeter) -> None:
        """Keep an answer unless a newer one is kept; does nothing if the level fails."""
        if time.monotonic() < self._rests_until:
            return
        try:
            async with asyncio.timeout(self._seconds), self._room:
                await self._level.fill(key, entry)
        except Exception as error:  # noqa: BLE001 - as above
            self._report(error, meter)

    def _report(self, error: Exception, meter: CacheMeter) -> None:
        meter.failed()
        now = time.monotonic()
        if now >= self._rests_until:  # one line for all calls that were under way
            # Its class only: the text may hold a URL with a password, or what was cached.
            _log.warning("the shared cache failed, and queries are answered without it: %s", type(error).__name__)
        self._rests_until = now + self._rest_seconds
