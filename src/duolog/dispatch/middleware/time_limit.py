"""Middleware `time_limit`: a message that takes too long is cancelled and rolled back."""

import asyncio
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import TimeLimitExceededError
from duolog.messages.binding import Binding, MessageKind


class TimeLimitMiddleware:
    """Limits the time of commands and queries; streams live as long as they are read.

    Args:
        command_seconds: limit of a command, over all its attempts; None for none.
        query_seconds: limit of a query, not counting a wait for a position; None for none.
    """

    name = "time_limit"

    def __init__(self, *, command_seconds: float | None, query_seconds: float | None) -> None:
        self._seconds = {
            MessageKind.COMMAND: command_seconds,
            MessageKind.QUERY: query_seconds,
            MessageKind.STREAM: None,
        }

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; a kind without a limit is not wrapped."""
        seconds = self._seconds[binding.kind]
        if seconds is None:
            return proceed
        name = binding.name

        async def call(context: MessageContext) -> object:
            limit = asyncio.timeout(seconds)
            try:
                async with limit:
                    return await proceed(context)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                message = f"{name} took longer than {seconds:g} s; it was cancelled and rolled back"
                raise TimeLimitExceededError(message, seconds=seconds) from error

        return call
