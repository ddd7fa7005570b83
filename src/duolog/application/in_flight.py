"""Messages that are being handled, so that closing can wait for them, for a while."""

import asyncio
from types import TracebackType

from duolog.dispatch.context import current_context
from duolog.errors import NotStartedError


class InFlight:
    """Counts the messages under way; used as a context manager around each."""

    __slots__ = ("_depths", "_idle", "_is_open")

    def __init__(self) -> None:
        self._depths: dict[asyncio.Task[object], int] = {}
        self._idle = asyncio.Event()
        self._is_open = False

    def open(self) -> None:
        """Let messages in."""
        self._is_open = True

    def __enter__(self) -> None:
        """Let a message in; while draining, only those that a message inside sends, from whichever task."""
        task = asyncio.current_task()
        if task is None or (not self._is_open and current_context() is None):
            message = "the application is not running"
            raise NotStartedError(message, hint="Use it inside `async with app:`.")
        self._depths[task] = self._depths.get(task, 0) + 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Let a message out."""
        task = asyncio.current_task()
        if task is None:
            return
        depth = self._depths[task] - 1
        if depth:
            self._depths[task] = depth
            return
        del self._depths[task]
        if not self._depths:
            self._idle.set()

    async def drain(self, *, seconds: float) -> int:
        """Let nobody in any more and wait for those inside; cancel the ones that take longer.

        Args:
            seconds: how long to wait.

        Returns:
            How many had to be cancelled.
        """
        self._is_open = False
        if not self._depths:
            return 0
        if await self._emptied(seconds):
            return 0
        late = [task for task in self._depths if task is not asyncio.current_task()]
        for task in late:
            task.cancel()
        # Their callers may live on, so what is awaited is that they leave.
        await self._emptied(seconds)
        return len(late)

    async def _emptied(self, seconds: float) -> bool:
        self._idle.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True
