"""Middleware `after_position`: a query waits until the views that it reads have a position (read-your-writes)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.messages.binding import Binding, MessageKind, ReadModel
from duolog.read.after_position import AfterPosition
from duolog.read.position_token import PositionToken

WaitUntil = Callable[[Sequence[type[ReadModel]], int | PositionToken, float], Awaitable[None]]


class AfterPositionMiddleware:
    """Waits, without holding a connection, before the query's scope opens.

    Args:
        wait: returns when the given views have a position, or raises (`PositionWait.until`).
    """

    name = "after_position"

    def __init__(self, wait: WaitUntil) -> None:
        self._wait = wait

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; commands never wait."""
        if binding.kind is MessageKind.COMMAND:
            return proceed
        wait, reads = self._wait, binding.reads

        async def call(context: MessageContext) -> object:
            after = context.find(AfterPosition)
            if after is not None:
                await wait(reads, after.position, after.seconds)
            return await proceed(context)

        return call
