"""Several processes that append to one log."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import uvloop

from benchmarks.harness.case import Sample

_LONGEST_LINE: Final = 2**26


class Appenders:
    """The processes, each with its own number of appends in flight."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes

    async def append(self, operations: int) -> Sample:
        """Have each of them append its part, all at once."""
        each = max(operations // len(self._processes), 1)
        begin = time.perf_counter()
        answers = await asyncio.gather(*(_ask(process, each) for process in self._processes))
        seconds = time.perf_counter() - begin
        return Sample(each * len(answers), seconds, [latency for answer in answers for latency in answer])


@asynccontextmanager
async def open_appenders(url: str, processes: int, in_flight: int) -> AsyncGenerator[Appenders]:
    """Start so many; they use the event loop that this process uses."""
    options = ["--uvloop"] if isinstance(asyncio.get_running_loop(), uvloop.Loop) else []
    command = [sys.executable, "-m", "benchmarks.workloads.appender", url, str(in_flight), *options]
    started = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE)
        for _ in range(processes)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        yield Appenders(started)
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()  # which ends it
        for process in started:
            await process.wait()


async def _ask(process: Process, operations: int) -> list[float]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{operations}\n".encode())
    answer: list[float] = json.loads(await process.stdout.readline())
    return answer
