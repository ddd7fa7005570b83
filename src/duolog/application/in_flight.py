"""Messages that are being handled, so that closing can wait for them, for a while."""

import asyncio

from duolog.dispatch.context import MessageContext, current_context
from duolog.errors import NotStartedError


class InFlight:
    """Knows the messages under way, and the tasks that handle them."""

    __slots__ = ("_idle", "_is_open", "_tasks")

    def __init__(self) -> None:
        self._tasks: dict[MessageContext, asyncio.Task[object]] = {}
        self._idle = asyncio.Event()
        self._is_open = False

    def open(self) -> None:
        """Let messages in."""
        self._is_open = True

    def enter(self, context: MessageContext) -> None:
        """Let a message in; while draining, only those that a message inside sends, from whichever task.

        Raises:
            NotStartedError: nobody is let in.
        """
        task = asyncio.current_task()
        if task is None or (not self._is_open and current_context() is None):
            message = "the application is not running"
            raise NotStartedError(message, hint="Use it inside `async with app:`.")
        self._tasks[context] = task

    def leave(self, context: MessageContext) -> None:
        """Let a message out."""
        del self._tasks[context]
        if not self._is_open and not self._tasks:
            self._idle.set()

    async def drain(self, *, seconds: float) -> int:
        """Let nobody in any more and wait for those inside; cancel the ones that take longer.

        Args:
            seconds: how long to wait.

        Returns:
            How many had to be cancelled.
        """
        self._is_open = False
        if not self._tasks:
            return 0
        if await self._emptied(seconds):
            return 0
        late = set(self._tasks.values()) - {asyncio.current_task()}
        for task in late:
            task.cancel()
        # Their callers may live on, so what is awaited is that they leave.
        await self._emptied(seconds)
        return len(late)

    async def _emptied(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:  # a child of one that left may have come in meanwhile
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        return True
