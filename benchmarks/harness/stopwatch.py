"""Ways to time a piece of work: in a loop, by many tasks, by many threads."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

from benchmarks.harness.case import Sample


async def time_loop(work: Callable[[], Awaitable[object]], operations: int) -> Sample:
    """Await ``work`` again and again and time all together: for what is too short to be timed one by one."""
    begin = time.perf_counter()
    for _ in range(operations):
        await work()
    return Sample(operations, time.perf_counter() - begin)


def time_calls(work: Callable[[], object], operations: int) -> Sample:
    """Call ``work`` again and again and time all together."""
    begin = time.perf_counter()
    for _ in range(operations):
        work()
    return Sample(operations, time.perf_counter() - begin)


async def time_tasks(work: Callable[[], Awaitable[object]], operations: int, in_flight: int) -> Sample:
    """Keep ``in_flight`` tasks busy until so many operations are done; each is timed."""
    latencies: list[float] = []
    turns = iter(range(operations))
    now = time.perf_counter

    async def worker() -> None:
        for _ in turns:
            started = now()
            await work()
            latencies.append(now() - started)

    begin = now()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return Sample(operations, now() - begin, latencies)


async def time_at_rate(work: Callable[[], Awaitable[object]], operations: int, per_second: float) -> Sample:
    """Begin one at each time that is due, whatever became of those before.

    A latency counts from when the operation was due, so that a stall shows in all that were due meanwhile.
    """
    latencies: list[float] = []
    now = time.perf_counter

    async def one(due: float) -> None:
        await work()
        latencies.append(now() - due)

    begin = now()
    async with asyncio.TaskGroup() as group:
        for nth in range(operations):
            due = begin + nth / per_second
            if (early := due - now()) > 0:
                await asyncio.sleep(early)
            group.create_task(one(due))
    return Sample(operations, now() - begin, latencies)


def time_threads(work: Callable[[], object], operations: int, in_flight: int) -> Sample:
    """Keep ``in_flight`` threads busy until so many operations are done; each is timed.

    Raises:
        Exception: the first that a thread raised.
    """
    latencies: list[float] = []
    errors: list[Exception] = []
    turns = _Turns(operations)
    now = time.perf_counter

    def worker() -> None:
        try:
            for _ in turns:
                started = now()
                work()
                latencies.append(now() - started)
        except Exception as error:  # noqa: BLE001 - raised below, on the thread that measures
            errors.append(error)

    threads = [threading.Thread(target=worker) for _ in range(in_flight)]
    begin = now()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = now() - begin
    if errors:
        raise errors[0]
    return Sample(operations, seconds, latencies)


class _Turns:
    """Numbers that several threads take turns with."""

    def __init__(self, count: int) -> None:
        self._turns = iter(range(count))
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        with self._lock:
            return next(self._turns)
