"""Worker threads that share one queue and answer on the event loop.

An executor's future has a lock and a condition of its own, and is copied into one of the event loop's: a reader
whose query takes a few microseconds would pay more for them than for the threads' turns.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from duolog.errors import NotStartedError

T = TypeVar("T")


class Call(Generic[T]):
    """Work for a thread, and who waits for it. All of it but `run` belongs to the loop.

    Args:
        work: what is to be done.
        on_over: called on the loop once no thread works on it any more.

    Attributes:
        answer: gets the result or the error; cancelling it stops nothing.
        is_over: whether no thread works on it any more.
    """

    __slots__ = ("_begun", "_loop", "_on_over", "_over", "_work", "answer", "is_over")

    def __init__(self, work: Callable[[], T], on_over: Callable[[], None]) -> None:
        self._work = work
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._begun = threading.Lock()
        self._over: asyncio.Future[None] | None = None
        self.answer: asyncio.Future[T] = self._loop.create_future()
        self.is_over = False

    def run(self) -> None:
        """Do the work, on a thread, unless it was taken back."""
        if not self._begun.acquire(blocking=False):
            return
        try:
            result = self._work()
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            self._tell(self.answer.set_exception, error)
        else:
            self._tell(self.answer.set_result, result)

    def take_back(self) -> bool:
        """Let no thread begin with it, and tell whether none works on it."""
        if self._begun.acquire(blocking=False):
            self._end()
        return self.is_over

    async def over(self, *, seconds: float) -> None:
        """Wait until no thread works on it any more, or so long."""
        if self._over is None:
            self._over = self._loop.create_future()
        await asyncio.wait((self._over,), timeout=seconds)

    def _tell(self, answer: Callable[[Any], None], value: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._receive, answer, value)

    def _receive(self, answer: Callable[[Any], None], value: object) -> None:
        if not self.answer.done():
            answer(value)
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self._on_over()
        if self._over is not None:
            self._over.set_result(None)


class Threads:
    """Threads, started when they are needed.

    Args:
        most: so many at once.
        name: how their names begin.
    """

    __slots__ = ("_closed", "_most", "_name", "_queue", "_threads", "_unfinished")

    def __init__(self, most: int, *, name: str) -> None:
        self._most = most
        self._name = name
        self._queue: SimpleQueue[Call[Any] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._closed = False

    def call(self, work: Callable[[], T]) -> Call[T]:
        """Let a thread do ``work``, in turn.

        Raises:
            NotStartedError: the threads were sent home.
        """
        if self._closed:
            message = "the database is closed"
            raise NotStartedError(message, hint="Use it between open() and close().")
        if len(self._threads) <= self._unfinished and len(self._threads) < self._most:
            self._start()
        call = Call(work, self._ended)
        self._unfinished += 1
        self._queue.put(call)
        return call

    async def close(self) -> None:
        """Finish what waits, and send the threads home. May be called twice."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._queue.put(None)
        await asyncio.to_thread(self._join)

    def _start(self) -> None:
        thread = threading.Thread(target=self._main, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _ended(self) -> None:
        self._unfinished -= 1

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _main(self) -> None:
        while (call := self._queue.get()) is not None:
            call.run()
            del call  # its result may be large, and the next one may be long in coming
