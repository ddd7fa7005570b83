"""The writer lent to one unit of work: its statements run one by one in an open transaction, under a time limit."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from duolog.adapters.sqlite.units import (
    TransactionLostError,
    Unit,
    begin,
    commit,
    reported,
    retold,
    roll_back,
    run_in_savepoint,
)
from duolog.errors import DuologError, HoldExpiredError, NotStartedError

T = TypeVar("T")

_STEPS_BETWEEN_LOOKS: Final = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """Something that the holder asks for.

    Attributes:
        unit: what is to be done.
        is_last: commit after it, and give the writer back.
        future: who waits for it, on the loop.
    """

    unit: Unit[Any]
    is_last: bool
    future: asyncio.Future[Any]


class Hold:
    """One loan of the writer. Its coroutines belong to the loop, `serve` to the writer's thread.

    Args:
        loop: where the holder runs.
        seconds: after so long it is taken back and everything is rolled back.
        on_commit: called on the loop with the last result, once it is committed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, seconds: float, on_commit: Callable[[object], None]) -> None:
        self._loop = loop
        self._seconds = seconds
        self._on_commit = on_commit
        self._requests: SimpleQueue[_Request | None] = SimpleQueue()
        self._granted: asyncio.Future[None] = loop.create_future()
        self._lock = threading.Lock()
        self._end: Exception | None = None  # why it cannot be used any more; set once, under the lock

    # --- on the loop -----------------------------------------------------------------------------------------

    async def granted(self) -> None:
        """Wait until the writer is lent.

        Raises:
            DatabaseBusyError: another process kept the lock for longer than the time limit.
            DatabaseError: the database failed.
        """
        await self._granted

    async def run(self, unit: Unit[T]) -> T:
        """Run a unit in the open transaction; nothing of it remains if it fails.

        Raises:
            DatabaseBusyError: the time was up; everything was rolled back.
            NotStartedError: the writer was given back.
            Exception: what the unit raised.
        """
        return await self._ask(unit, is_last=False)

    async def commit(self, unit: Unit[T]) -> T:
        """Run a unit, commit everything, and give the writer back; errors as `run`, and everything is rolled back."""
        return await self._ask(unit, is_last=True)

    def release(self) -> None:
        """Roll back what is not committed, and give the writer back; a statement that runs is interrupted."""
        self._finish(_ended())
        self._requests.put(None)

    async def _ask(self, unit: Unit[T], *, is_last: bool) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        with self._lock:
            if self._end is not None:
                raise retold(self._end)
            self._requests.put(_Request(unit, is_last, future))
        return await future

    # --- on the writer's thread ------------------------------------------------------------------------------

    def refuse(self, error: Exception) -> None:
        """Tell the holder that the writer cannot be lent."""
        self._finish(_ended())
        self._tell(self._granted, error=error)

    def serve(self, connection: sqlite3.Connection) -> None:
        """Lend the writer until it is given back, or the time is up.

        Raises:
            DatabaseError: the connection must not be used any more.
        """
        if self._end is not None:
            return  # the holder gave up while it waited
        begin(connection)
        deadline = time.monotonic() + self._seconds
        connection.set_progress_handler(
            lambda: self._end is not None or time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS
        )
        self._tell(self._granted)
        try:
            self._finish(self._answer(connection, deadline))
        finally:
            connection.set_progress_handler(None, 0)
            self._finish(_ended())
            self._refuse_rest()
            roll_back(connection)

    def _answer(self, connection: sqlite3.Connection, deadline: float) -> Exception:
        while True:
            try:
                request = self._requests.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                return self._expired()
            if request is None:
                return _ended()
            if request.is_last:
                connection.set_progress_handler(None, 0)
                self._finish(_ended())
                self._conclude(connection, request)
                return _ended()
            try:
                result = run_in_savepoint(connection, request.unit)
            except Exception as error:  # noqa: BLE001 - it is the holder's
                end = self._end_after(error, connection, deadline)
                self._tell(request.future, error=end or error)
                if end is not None:
                    return end
            else:
                self._tell(request.future, result)

    def _end_after(self, error: Exception, connection: sqlite3.Connection, deadline: float) -> Exception | None:
        if time.monotonic() > deadline:
            return self._expired()
        if isinstance(error, TransactionLostError) or not connection.in_transaction:
            cause = error.__cause__ if isinstance(error, TransactionLostError) else error
            return cause if isinstance(cause, Exception) else error
        return None

    def _conclude(self, connection: sqlite3.Connection, request: _Request) -> None:
        try:
            try:
                result = request.unit.run(connection)
            except Exception as error:  # noqa: BLE001 - whatever it is, the unit says what it means
                roll_back(connection)  # also what ran before: the whole transaction is this unit's savepoint
                result = request.unit.explain(connection, reported(error))
            else:
                commit(connection)
        except Exception as error:  # noqa: BLE001 - it is the holder's
            self._tell(request.future, error=reported(error))
        else:
            self._tell(request.future, result)
            self._call(self._on_commit, result)

    def _finish(self, end: Exception) -> None:
        with self._lock:
            if self._end is None:
                self._end = end

    def _refuse_rest(self) -> None:
        end = self._end or _ended()
        while not self._requests.empty():  # nothing is added any more once the end is set
            request = self._requests.get_nowait()
            if request is not None:
                self._tell(request.future, error=retold(end))

    def _expired(self) -> DuologError:
        message = f"the writer was held for more than {self._seconds:g} s; everything was rolled back"
        return HoldExpiredError(message, hint="Do less, or await less, while you hold the writer.")

    def _tell(self, future: asyncio.Future[Any], result: object = None, *, error: Exception | None = None) -> None:
        def resolve() -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._call(resolve)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *arguments)


def _ended() -> DuologError:
    message = "this session has ended"
    return NotStartedError(message, hint="Open a new one for the next unit of work.")
