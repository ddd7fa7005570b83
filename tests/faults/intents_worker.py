"""A worker of the intents example that kills itself at a step, in a process of its own."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis

from chat_intents.infrastructure.adapters.request_stream import Entry, RequestStream
from chat_intents.infrastructure.composition import make_application
from chat_intents.presentation.request_worker import RequestWorker

SECRET = "a secret for tests only, 32 bytes"
IDLE = 0.3


class KilledStream(RequestStream):
    """Counts the steps of its worker, and kills the process at one of them; 0 for none.

    Attributes:
        kill_at: the step.
        steps: so many were made.
        told: the file that is told at which one.
    """

    kill_at = 0
    steps = 0
    told: Path | None = None

    async def take(self, most: int, *, wait_seconds: float) -> Sequence[Entry]:
        entries = await super().take(most, wait_seconds=wait_seconds)
        if entries:
            self._step("taken")
        return entries

    async def answer(self, message_id: str, answer: bytes) -> bool:
        self._step("classified")
        written = await super().answer(message_id, answer)
        self._step("answered")
        return written

    async def done(self, entry: Entry) -> None:
        self._step("acknowledging")
        await super().done(entry)
        self._step("done")

    def _step(self, name: str) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            if self.told is not None:
                self.told.write_text(f"killed when {name}", encoding="ascii")
            os.kill(os.getpid(), signal.SIGKILL)


async def work(url: str, database: str, prefix: str, kill_at: int = 0, told: Path | None = None) -> None:
    """Work until nothing is left in the stream, or death."""
    stop = asyncio.Event()
    async with make_application(database, secret=SECRET) as app, Redis.from_url(url) as client:
        stream = KilledStream(client, f"worker-{os.getpid()}", prefix=prefix)
        stream.kill_at, stream.told = kill_at, told
        working = asyncio.create_task(RequestWorker(app, stream, at_once=1, idle_seconds=IDLE).run(stop))
        while not working.done() and await client.xlen(f"{prefix}requests"):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
        stop.set()
        await working


def work_and_die(url: str, database: str, prefix: str, kill_at: int, told: Path) -> None:
    """Work as the whole of a process."""
    asyncio.run(work(url, database, prefix, kill_at, told))
