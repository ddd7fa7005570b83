"""Whether somebody waits for refreshes who does not care how often they happen: a test, a script."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress


class Haste:
    """Lets refreshes begin without waiting for their intervals, for as long as anybody wants that."""

    __slots__ = ("_count", "_is_on")

    def __init__(self) -> None:
        self._count = 0
        self._is_on = asyncio.Event()

    @property
    def is_on(self) -> bool:
        """Whether anybody wants it now."""
        return self._is_on.is_set()

    @contextmanager
    def wanted(self) -> Generator[None, None, None]:
        """Want it inside of the block."""
        self._count += 1
        self._is_on.set()
        try:
            yield
        finally:
            self._count -= 1
            if not self._count:
                self._is_on.clear()

    async def pause(self, seconds: float, *, at_least: float) -> None:
        """Wait for so long, or until somebody is in haste, but for a time in any case."""
        await asyncio.sleep(min(seconds, at_least))
        if seconds > at_least and not self.is_on:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds - at_least):
                    await self._is_on.wait()
