"""Streams through the pipeline: the handler runs in a task of its own, inside all middleware, item by item."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Final

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.dispatch.shield import shielded
from duolog.errors import NotStartedError

_log: Final = logging.getLogger("duolog.dispatch")


class StreamSink:
    """Where the handler of a stream query puts its items; waits until the consumer has room."""

    __slots__ = ("_items", "_room")

    def __init__(self) -> None:
        self._items: asyncio.Queue[tuple[object] | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(1)

    async def put(self, item: object) -> None:
        """Hand an item over, once the one before it was taken."""
        await self._room.acquire()
        self._items.put_nowait((item,))

    def end(self) -> None:
        """Say that there are no more items; waits for nobody, who may have gone."""
        self._items.put_nowait(None)

    async def take(self) -> tuple[object] | None:
        """Wait for the next item; None at the end."""
        taken = await self._items.get()
        self._room.release()
        return taken


async def relay_stream(call: Call, context: MessageContext) -> AsyncGenerator[object, None]:
    """Run a stream query's pipeline and yield what its handler puts; closing the iterator ends the handler.

    Raises:
        Exception: what the pipeline raised, after the items before it.
        NotStartedError: the application was closed, and the handler cancelled, before the stream's end.
    """
    sink = StreamSink()
    context.put(StreamSink, sink)

    async def run() -> None:
        try:
            await call(context)
        finally:
            sink.end()

    task = asyncio.create_task(run(), name="duolog stream")
    try:
        while (taken := await sink.take()) is not None:
            yield taken[0]
        await asyncio.wait([task])
        if task.cancelled():
            message = "the stream was ended before its last item"
            raise NotStartedError(message, hint="The application was closed; read the stream again when it runs.")
        task.result()
    finally:
        if not task.done():
            task.cancel()
            await shielded(_ended(task))


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("a stream's handler failed while it was closed early", exc_info=error)
