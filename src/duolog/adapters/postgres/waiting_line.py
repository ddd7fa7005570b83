"""Those who wait for a connection: first come, first served, each with a time limit."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.errors import DatabaseBusyError, DuologError

PATIENCE: Final = 30.0
MOST_WAITING: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    future: asyncio.Future[Connection | None]
    may_be_in_transaction: bool


class WaitingLine:
    """Hands a connection, or the room to open one (None), directly to the first who waits.

    Args:
        patience: how long one waits, in seconds.
        return_what_was_given: called with what was handed to somebody who has been cancelled at the same moment.
    """

    __slots__ = ("_patience", "_return", "_waiters")

    def __init__(self, patience: float, return_what_was_given: Callable[[Connection | None], None]) -> None:
        self._patience = patience
        self._return = return_what_was_given
        self._waiters: deque[_Waiter] = deque()

    def __bool__(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiters)

    async def wait(self, *, may_be_in_transaction: bool) -> Connection | None:
        """Wait for a connection, or for None: room to open one.

        Args:
            may_be_in_transaction: a connection whose last reader's transaction is still open will do.

        Raises:
            DatabaseBusyError: none was free in time, or too many wait already.
        """
        if len(self._waiters) >= MOST_WAITING:
            message = f"{MOST_WAITING:,} others wait for a connection already"
            raise DatabaseBusyError(message, hint="Send less at once, or raise `pool_max` in the URL.")
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop.create_future(), may_be_in_transaction)
        self._waiters.append(waiter)
        late = loop.call_later(self._patience, _give_up, waiter.future, self._patience)
        try:
            return await waiter.future
        except DatabaseBusyError:
            with suppress(ValueError):  # whoever passed a connection on has passed it over already
                self._waiters.remove(waiter)
            raise
        except asyncio.CancelledError:
            future = waiter.future
            if future.done() and not future.cancelled() and future.exception() is None:
                self._return(future.result())
            raise
        finally:
            late.cancel()

    def hand(self, connection: Connection | None, *, is_in_transaction: bool) -> bool:
        """Hand a connection, or the room for one, to the first who waits; tell whether anybody took it."""
        while self._waiters and self._waiters[0].future.done():
            self._waiters.popleft()
        if not self._waiters or (is_in_transaction and not self._waiters[0].may_be_in_transaction):
            return False
        self._waiters.popleft().future.set_result(connection)
        return True

    def send_away(self, error: Callable[[], DuologError]) -> None:
        """Raise an error, made for each, to all who wait."""
        while self._waiters:
            future = self._waiters.popleft().future
            if not future.done():
                future.set_exception(error())


def _give_up(waiter: asyncio.Future[Connection | None], seconds: float) -> None:
    if not waiter.done():
        message = f"no connection was free within {seconds:g} s"
        hint = "Too many scopes are open, or one scope waits in another; raise `pool_max` in the URL."
        waiter.set_exception(DatabaseBusyError(message, hint=hint))
