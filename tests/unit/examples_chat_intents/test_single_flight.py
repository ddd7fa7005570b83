"""Who waits for whom."""

import asyncio

import pytest

from chat_intents.application.single_flight import SingleFlight


class Work:
    """Work that waits until it is let go, and counts."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()
        self.begun = 0
        self.cancelled = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> int:
        self.begun += 1
        self.started.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            self.stopped.set()
            raise
        if self.error is not None:
            raise self.error
        return self.begun


async def begin(flights: SingleFlight[int], work: Work, count: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(flights.run("key", work)) for _ in range(count)]
    await work.started.wait()
    return tasks


async def test_whoever_is_cancelled_leaves_alone() -> None:
    """The first to ask may go; those who wait with it get the answer."""
    flights, work = SingleFlight[int](), Work()
    first, *others = await begin(flights, work, 3)
    first.cancel()
    await asyncio.wait([first])
    work.go.set()
    assert first.cancelled()
    assert await asyncio.gather(*others) == [1, 1]
    assert work.cancelled == 0


async def test_when_nobody_waits_any_more_the_work_is_cancelled() -> None:
    """And who asks then begins anew."""
    flights, work = SingleFlight[int](), Work()
    for task in await begin(flights, work, 2):
        task.cancel()
    again = asyncio.create_task(flights.run("key", work))
    await work.stopped.wait()
    work.go.set()
    assert await again == 2


async def test_an_error_is_everybodys_and_is_not_kept() -> None:
    """The next one tries again."""
    flights, work = SingleFlight[int](), Work()
    work.error = ValueError("no")
    tasks = await begin(flights, work, 2)
    work.go.set()
    for task in tasks:
        with pytest.raises(ValueError, match="no"):
            await task
    work.error = None
    assert await flights.run("key", work) == 2


async def test_other_keys_do_not_wait() -> None:
    """Each has work of its own."""
    flights, slow, quick = SingleFlight[int](), Work(), Work()
    quick.go.set()
    tasks = await begin(flights, slow, 1)
    assert await flights.run("other", quick) == 1
    slow.go.set()
    assert await asyncio.gather(*tasks) == [1]
