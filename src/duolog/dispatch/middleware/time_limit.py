"""Middleware `time_limit`: a message that takes too long is cancelled and rolled back."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import TimeLimitExceededError
from duolog.messages.binding import Binding, MessageKind


class TimeLimit:
    """The note by which a commit suspends the limit: once it was sent it cannot be taken back.

    Args:
        timeout: the running limit.
    """

    __slots__ = ("_timeout",)

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout

    @contextmanager
    def suspended(self) -> Generator[None]:
        """Let what runs inside end, however late; afterwards the limit holds again, for a further attempt."""
        if self._timeout.expired():
            yield
            return
        when = self._timeout.when()
        self._timeout.reschedule(None)
        try:
            yield
        except BaseException:
            self._timeout.reschedule(when)
            raise


class TimeLimitMiddleware:
    """Limits the time of commands and queries; streams live as long as they are read.

    A command whose commit was sent in time is not cancelled any more: its answer comes when the commit's outcome does.

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
                    context.put(TimeLimit, TimeLimit(limit))
                    return await proceed(context)
            except TimeoutError as error:
                if not limit.expired():
                    raise
                message = f"{name} took longer than {seconds:g} s; it was cancelled and rolled back"
                raise TimeLimitExceededError(message, seconds=seconds) from error

        return call
