"""Streams through the pipeline: the handler runs in a task of its own, inside all middleware, item by item."""

import asyncio
from collections.abc import AsyncGenerator

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.dispatch.shield import shielded


class StreamSink:
    """Where the handler of a stream query puts its items; waits until the consumer has room."""

    __slots__ = ("_queue",)

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[object] | None] = asyncio.Queue(maxsize=1)

    async def put(self, item: object) -> None:
        """Hand an item over."""
        await self._queue.put((item,))

    async def end(self) -> None:
        """Say that there are no more items."""
        await self._queue.put(None)

    async def take(self) -> tuple[object] | None:
        """Wait for the next item; None at the end."""
        return await self._queue.get()


async def relay_stream(call: Call, context: MessageContext) -> AsyncGenerator[object, None]:
    """Run a stream query's pipeline and yield what its handler puts; closing the iterator ends the handler.

    Raises:
        Exception: what the pipeline raised, after the items before it.
    """
    sink = StreamSink()
    context.put(StreamSink, sink)

    async def run() -> None:
        try:
            await call(context)
        finally:
            await sink.end()

    task = asyncio.create_task(run(), name="duolog stream")
    try:
        while (taken := await sink.take()) is not None:
            yield taken[0]
        await task
    finally:
        if not task.done():
            task.cancel()
            await shielded(_ended(task))


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])
