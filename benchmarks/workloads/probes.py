"""Events whose way into a view is timed as any client sees it: append one, and look until the view has its row."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from benchmarks.harness.case import Sample
from benchmarks.harness.stopwatch import time_at_rate

QUIET: Final = 0.05
"""Seconds without an event before the next one is appended alone."""
PER_SECOND: Final = 50
"""So many are timed while others come."""
_BETWEEN_LOOKS: Final = 0.001
_PATIENCE: Final = 60.0

Append = Callable[[], Awaitable[UUID]]
Look = Callable[[UUID], Awaitable[bool]]


async def time_alone(append: Append, look: Look, count: int) -> Sample:
    """Time so many, one by one, on a system that does nothing else."""
    latencies: list[float] = []
    for _ in range(count):
        await asyncio.sleep(QUIET)
        begin = time.perf_counter()
        await _shown(append, look)
        latencies.append(time.perf_counter() - begin)
    return Sample(count, sum(latencies), latencies)


async def time_among(append: Append, look: Look, others: Awaitable[Sample], seconds: float) -> Sample:
    """Time some while others come.

    Args:
        append: appends one that is timed.
        look: tells whether the view has it.
        others: appends the others.
        seconds: how long those take.

    Returns:
        All of them, and the latencies of those that were timed.
    """
    count = max(int(seconds * PER_SECOND), 1)
    rest, timed = await asyncio.gather(others, time_at_rate(lambda: _shown(append, look), count, PER_SECOND))
    return Sample(rest.operations + timed.operations, rest.seconds, timed.latencies)


async def _shown(append: Append, look: Look) -> None:
    account_id = await append()
    async with asyncio.timeout(_PATIENCE):
        while not await look(account_id):  # noqa: ASYNC110 - it looks as any client would
            await asyncio.sleep(_BETWEEN_LOOKS)
