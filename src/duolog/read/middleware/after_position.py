"""Middleware `after_position`: a query waits until the views that it reads have a position (read-your-writes)."""

from dataclasses import dataclass
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.messages.binding import Binding, MessageKind
from duolog.read.position_token import PositionToken
from duolog.read.position_wait import PositionWait


@dataclass(frozen=True, slots=True)
class AfterPosition:
    """The note by which a caller asks for an answer that has a position.

    Attributes:
        position: a settled position, or the token of a receipt.
        seconds: how long to wait at most.
    """

    position: int | PositionToken
    seconds: float


class AfterPositionMiddleware:
    """Waits, without holding a connection, before the query's scope opens.

    Args:
        wait: knows how far the views are.
    """

    name = "after_position"

    def __init__(self, wait: PositionWait) -> None:
        self._wait = wait

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; commands never wait."""
        if binding.kind is MessageKind.COMMAND:
            return proceed
        wait, reads = self._wait, binding.reads

        async def call(context: MessageContext) -> object:
            after = context.find(AfterPosition)
            if after is not None:
                await wait.until(reads, after.position, after.seconds)
            return await proceed(context)

        return call
