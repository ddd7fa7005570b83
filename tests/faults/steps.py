"""Cancels a task at one chosen point of all those at which it waits."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CancelledAt(Generic[T]):
    """Awaits ``work`` step by step, as the event loop does, and cancels the task at its nth wait.

    Args:
        work: what is awaited, in the task that awaits this.
        number: at which wait, from 1.
        late: cancel only when what it waits for is there, just before the task would learn of it.
        again: cancel at the next wait as well, which is one of the tidying up.
    """

    def __init__(self, work: Coroutine[Any, Any, T], number: int, *, late: bool, again: bool = False) -> None:
        self._work = work
        self._number = number
        self._late = late
        self._last = number + again
        self._waits = 0

    @property
    def struck(self) -> bool:
        """Whether it waited often enough to be cancelled."""
        return self._waits >= self._number

    def __await__(self) -> Generator[Any, Any, T]:
        """Pass every wait on to the event loop, and its outcome back."""
        error: BaseException | None = None
        while True:
            try:
                waited = self._work.send(None) if error is None else self._work.throw(error)
            except StopIteration as ended:
                value: T = ended.value
                return value
            self._waits += 1
            if self._number <= self._waits <= self._last:
                self._cancel(waited)
            error = None
            try:
                yield waited
            except BaseException as thrown:  # noqa: BLE001 - it is thrown into the work
                error = thrown

    def _cancel(self, waited: object) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._late and isinstance(waited, asyncio.Future):
            waited.add_done_callback(lambda _: task.cancel())  # called before the task is woken
        else:
            task.cancel()
