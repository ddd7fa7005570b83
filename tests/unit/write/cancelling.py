"""Cancels a coroutine at each of the points where it waits, one after another."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CancelledAt(Generic[T]):
    """Runs a coroutine and cancels the task at its ``point``-th wait.

    Args:
        work: the coroutine.
        point: at which of its waits the task is cancelled, from 1.
        times: how often; the second time comes at the wait after it, where the work is cleaning up.
    """

    def __init__(self, work: Coroutine[Any, Any, T], point: int, *, times: int = 1) -> None:
        self._work = work
        self._points = range(point, point + times)
        self.waits = 0

    @property
    def was_cancelled(self) -> bool:
        """Whether the work had so many points."""
        return self.waits >= self._points.start

    def __await__(self) -> Generator[Any, Any, T]:
        task = asyncio.current_task()
        assert task is not None
        error: BaseException | None = None
        while True:
            try:
                waiting = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            error = None
            self.waits += 1
            if self.waits in self._points:
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                yield waiting
            except BaseException as thrown:  # noqa: BLE001 - it is thrown into the work
                error = thrown
