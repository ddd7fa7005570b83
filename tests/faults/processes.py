"""Writers in processes of their own, followed line by line."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.experiment import Experiment, size

ROOT = Path(__file__).parents[2]
SECONDS = size(short=30, long=300)
"""For how long a program may say nothing: as long as a lock that somebody keeps who stands still, and longer."""


class Writer:
    """A running `tests.faults.writer`, or another program that prints such lines.

    Args:
        process: the process.
        experiment: notes its lines.
    """

    def __init__(self, process: Process, experiment: Experiment) -> None:
        self.process = process
        self._experiment = experiment

    async def next(self) -> str:
        """Note its next line, and return the line's first word; empty once it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(SECONDS):
            return self._experiment.note((await self.process.stdout.readline()).decode())

    async def until(self, word: str, times: int = 1, *, within: int = 100_000) -> bool:
        """Note lines until so many began with ``word``; tell whether so many came within so many lines."""
        for _ in range(within):
            found = await self.next()
            assert found, "the writer has ended"
            times -= found == word
            if times <= 0:
                return True
        return False

    async def rest(self) -> int:
        """Note its lines until it has ended, and return its exit code."""
        while await self.next():
            pass
        return await self.process.wait()

    def stop(self) -> None:
        """End its input, upon which it ends."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    def kill(self) -> None:
        """Kill it, as `kill -9` does."""
        self.process.kill()


@asynccontextmanager
async def running(
    experiment: Experiment,
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str] | None = None,
    *,
    prefix: Sequence[str] = (),
) -> AsyncGenerator[Writer]:
    """Run a module of the tests that prints such lines, after a prefix of its command, and end it with the block."""
    process = await asyncio.create_subprocess_exec(
        *prefix, sys.executable, "-m", module, *arguments, stdin=PIPE, stdout=PIPE, cwd=ROOT, env=environment
    )
    try:
        yield Writer(process, experiment)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def writing(
    experiment: Experiment, path: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[Writer]:
    """Run a writer on a database file."""
    async with running(experiment, "tests.faults.writer", (f"sqlite:///{path}", *arguments), environment) as writer:
        yield writer
