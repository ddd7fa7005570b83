"""Wakes those who execute scheduled commands when this process has committed one."""

import asyncio
import contextlib


class DueSignal:
    """A hint that something may be due, given after a commit; a look at the database now and then stands behind it."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Say that something was scheduled."""
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Wait for the hint, or for so long; a hint that was given before is taken at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self._event.clear()
