"""Waiting for what gives no signal."""

import asyncio
from collections.abc import Callable


async def eventually(holds: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Return when ``holds()``, or what it awaits to, is true; `TimeoutError` if it is not in time."""
    async with asyncio.timeout(seconds):
        while True:
            answer = holds()
            if await answer if asyncio.iscoroutine(answer) else answer:
                return
            await asyncio.sleep(0.001)
