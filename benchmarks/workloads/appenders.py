"""Several processes that append to one log."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from benchmarks.harness.case import Sample
from benchmarks.workloads.child import Child, open_children


class Appenders:
    """The processes, each with its own number of appends in flight."""

    def __init__(self, processes: Sequence[Child]) -> None:
        self._processes = processes

    async def append(self, operations: int, *, per_second: int = 0) -> Sample:
        """Have each of them append its part, all at once.

        Args:
            operations: how many they append together.
            per_second: how many are due in a second, whatever became of those before; 0 for as fast as they can.
        """
        count = len(self._processes)
        each = max(operations // count, 1)
        begin = time.perf_counter()
        line = f"{each} {per_second / count}" if per_second else f"{each}"
        answers = await asyncio.gather(*(process.ask(line) for process in self._processes))
        seconds = time.perf_counter() - begin
        latencies: list[list[float]] = [json.loads(answer) for answer in answers]
        return Sample(each * count, seconds, [latency for answer in latencies for latency in answer])


@asynccontextmanager
async def open_appenders(url: str, processes: int, in_flight: int) -> AsyncGenerator[Appenders]:
    """Start so many; they use the event loop that this process uses."""
    module = "benchmarks.workloads.appender"
    async with open_children(module, url, str(in_flight), count=processes) as children:
        yield Appenders(children)
