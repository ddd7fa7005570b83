"""Middleware `time_limit`: a message that takes too long is cancelled and rolled back."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import TimeLimitExceededError
from duolog.messages.binding import Binding, MessageKind


class TimeLimit:
    """The limit of one message; as a note, what a commit suspends it by: once it was sent it cannot be taken back.

    It cancels the task that entered it, once, as `asyncio.timeout` does; but it needs no timer of its own.

    Args:
        limits: those that run beside it.
        when: the loop's time at which it is up.
        task: which is cancelled then.
    """

    __slots__ = ("_cancelling", "_is_due", "_is_suspended", "_limits", "_task", "expired", "when")

    def __init__(self, limits: "TimeLimits", when: float, task: asyncio.Task[Any]) -> None:
        self._limits = limits
        self._task = task
        self._cancelling = task.cancelling()
        self._is_suspended = False
        self._is_due = False
        self.when = when
        self.expired = False

    def __enter__(self) -> Self:
        """Let the time run."""
        self._limits.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the time; if it was up, and nobody else has cancelled the task, the cancellation becomes a time-out.

        Raises:
            TimeoutError: the time was up.
        """
        self._limits.drop(self)
        if self.expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    @contextmanager
    def suspended(self) -> Generator[None]:
        """Let what runs inside end, however late; afterwards the limit holds again, for a further attempt."""
        self._is_suspended = True
        try:
            yield
        except BaseException:
            self._is_suspended = False
            if self._is_due:
                self._expire()
            raise

    def up(self) -> None:
        """Take note that the time is up."""
        if self._is_suspended:
            self._is_due = True
        else:
            self._expire()

    def _expire(self) -> None:
        self.expired = True
        self._task.cancel()


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
        """Make the limit of the current task's message; enter it at once.

        Raises:
            RuntimeError: there is no current task.
        """
        task = asyncio.current_task()
        if task is None:
            message = "a time limit needs a task that it can cancel"
            raise RuntimeError(message)
        return TimeLimit(self, task.get_loop().time() + self._seconds, task)

    def add(self, limit: TimeLimit) -> None:
        """Watch a limit that ends after all others."""
        self._running[limit] = None
        if self._timer is None:
            self._wait_for(limit)

    def drop(self, limit: TimeLimit) -> None:
        """Watch a limit no more; the timer stays, and finds the next one."""
        self._running.pop(limit, None)

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
            try:
                with limit:
                    context.put(TimeLimit, limit)
                    return await proceed(context)
            except TimeoutError as error:
                if not limit.expired:
                    raise
                message = f"{name} took longer than {seconds:g} s; it was cancelled and rolled back"
                raise TimeLimitExceededError(message, seconds=seconds) from error

        return call
