"""Awaiting what must end, even when the caller is cancelled meanwhile."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def shielded(work: Coroutine[Any, Any, T]) -> T:
    """Await ``work`` to its end; a cancellation that comes meanwhile is raised only then.

    Raises:
        asyncio.CancelledError: the caller was cancelled; ``work`` has ended, its result is dropped, and its error,
            if it has one, is the cause.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:  # noqa: BLE001, S110 - raised below, from the task itself
            pass
    if cancelled is not None:
        raise cancelled from task.exception()
    return task.result()
