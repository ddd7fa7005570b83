"""Middleware `time_limit`: a message that takes too long is cancelled and rolled back."""

import asyncio
from typing import Any

import msgspec

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import TimeLimitExceededError
from duolog.messages.binding import Binding, MessageKind


class TimeLimit(msgspec.Struct, eq=False):  # made for nearly every message, and a struct is made fastest
    """The limit of one message; as a note, what a commit suspends it by: once it was sent it cannot be taken back.

    It cancels the task that began it, once, as `asyncio.timeout` does; but it needs no timer of its own.

    Args:
        task: which is cancelled when the time is up.
        when: the loop's time at which it is up.
        cancelling: how often others have asked the task to end before.
        expired: it has cancelled the task.
    """

    task: asyncio.Task[Any]
    when: float
    cancelling: int
    expired: bool = False
    is_suspended: bool = False
    is_due: bool = False

    def suspend(self) -> None:
        """Let what comes now end, however late."""
        self.is_suspended = True

    def resume(self) -> None:
        """Hold again, for a further attempt, if it was suspended; the time may be up by now."""
        self.is_suspended = False
        if self.is_due:
            self.is_due = False
            self._expire()

    def up(self) -> None:
        """Take note that the time is up."""
        if self.is_suspended:
            self.is_due = True
        else:
            self._expire()

    def _expire(self) -> None:
        self.expired = True
        self.task.cancel()


class TimeLimits:
    """All running limits of one length. The oldest is up first, so one timer of the loop serves all of them.

    Args:
        seconds: their length.
    """

    __slots__ = ("_running", "_seconds", "_timer")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._running: dict[TimeLimit, None] = {}  # in the order of their ends
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> TimeLimit:
        """Let the time of the current task's message run; it ends after all others'.

        Raises:
            RuntimeError: there is no current task.
        """
        task = asyncio.current_task()
        if task is None:
            message = "a time limit needs a task that it can cancel"
            raise RuntimeError(message)
        limit = TimeLimit(task, task.get_loop().time() + self._seconds, task.cancelling())
        self._running[limit] = None
        if self._timer is None:
            self._wait_for(limit)
        return limit

    def end(self, limit: TimeLimit) -> bool:
        """Stop the time, and tell whether it was up and nobody else has cancelled the task.

        The timer stays, and finds the next one.
        """
        self._running.pop(limit, None)
        return limit.expired and limit.task.uncancel() <= limit.cancelling

    def _wait_for(self, limit: TimeLimit) -> None:
        self._timer = asyncio.get_running_loop().call_at(limit.when, self._look)

    def _look(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._running:
            oldest = next(iter(self._running))
            if oldest.when > now:
                self._wait_for(oldest)
                return
            del self._running[oldest]
            oldest.up()


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
        self._limits = {seconds: TimeLimits(seconds) for seconds in self._seconds.values() if seconds is not None}

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; a kind without a limit is not wrapped."""
        seconds = self._seconds[binding.kind]
        if seconds is None:
            return proceed
        name, limits = binding.name, self._limits[seconds]

        async def call(context: MessageContext) -> object:
            limit = limits.begin()
            context.put(TimeLimit, limit)
            try:
                result = await proceed(context)
            except BaseException as error:
                is_alone = limits.end(limit)
                if (is_alone and type(error) is asyncio.CancelledError) or (
                    limit.expired and isinstance(error, TimeoutError)
                ):
                    message = f"{name} took longer than {seconds:g} s; it was cancelled and rolled back"
                    raise TimeLimitExceededError(message, seconds=seconds) from error
                raise
            limits.end(limit)
            return result

        return call
