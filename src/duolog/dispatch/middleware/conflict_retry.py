"""Middleware `conflict_retry`: the one loop that runs a command again after a conflict."""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import ConflictError
from duolog.messages.binding import Binding, MessageKind

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.1

_HAS_TURN: Final[ContextVar[bool]] = ContextVar("duolog_has_turn", default=False)


class _Turn:
    """Retries of one key in this process go one after another, so that they do not fight each other."""

    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class ConflictRetryMiddleware:
    """Runs the whole interactor again, in a new scope, when what it decided on was changed meanwhile.

    The first attempt is optimistic. Retries of one key (a stream, a boundary, a row) take turns, first come first
    served, so that a hot key is worked off without wasted attempts; against other processes there is a growing,
    jittered pause. Commands that a retried one sends in its turn take no turn of their own.

    Args:
        attempts: how often a command is run at most, 1 or more; the last conflict is raised.
    """

    name = "conflict_retry"

    def __init__(self, *, attempts: int) -> None:
        self._attempts = attempts
        self._turns: dict[str, _Turn] = {}

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; only commands are retried."""
        if binding.kind is not MessageKind.COMMAND or self._attempts == 1:
            return proceed

        async def call(context: MessageContext) -> object:
            try:
                return await proceed(context)
            except ConflictError as conflict:
                key = conflict.key
            return await self._retry(key, context, proceed)

        return call

    async def _retry(self, key: str, context: MessageContext, proceed: Call) -> object:
        async with self._turn(key):
            pause = 0.0
            while True:
                context.attempts += 1
                try:
                    return await proceed(context)
                except ConflictError:
                    if context.attempts >= self._attempts:
                        raise
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - jitter, not a secret
                pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, pause * 2))

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncGenerator[None]:
        if _HAS_TURN.get():
            # A command that this one's parent sends while it has a turn: waiting here could wait for the parent.
            yield
            return
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = _Turn()
        turn.waiting += 1
        try:
            async with turn.lock:
                token = _HAS_TURN.set(True)
                try:
                    yield
                finally:
                    _HAS_TURN.reset(token)
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._turns[key]
