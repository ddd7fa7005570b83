"""A process that a benchmark starts, and that answers lines with lines."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import uvloop

READY: Final = "ready"
_LONGEST_LINE: Final = 2**26


class Child:
    """The process; it ends when its input does."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def ask(self, line: str) -> str:
        """Send a line, and return the line that comes back."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        return await self.read()

    async def read(self) -> str:
        """Return its next line."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "a process of the benchmark has ended"
        return line.decode().rstrip("\n")


@asynccontextmanager
async def open_children(module: str, *arguments: str, count: int = 1) -> AsyncGenerator[Sequence[Child]]:
    """Start a module so many times, and wait until each of them has said `READY`; at the end they have ended.

    Args:
        module: what is run, as by ``python -m``.
        arguments: its own; ``--uvloop`` follows them where this process runs on uvloop.
        count: how many are started.
    """
    options = ["--uvloop"] if isinstance(asyncio.get_running_loop(), uvloop.Loop) else []
    command = [sys.executable, "-m", module, *arguments, *options]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=_LONGEST_LINE)
        for _ in range(count)
    ]
    try:
        children = [Child(process) for process in processes]
        for child in children:
            assert await child.read() == READY
        yield children
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()  # which ends it
        for process in processes:
            await process.wait()
