"""Running an Application without HTTP: its projections, until a signal ends it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

from duolog.application.application import Application

_new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # uvloop is faster where it is installed
    import uvloop

    _new_event_loop = uvloop.new_event_loop

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def run_in_background(application: Application, *, on_started: Callable[[], None]) -> None:
    """Run an application until SIGINT or SIGTERM, then close it, which drains it within its own time limit.

    A second signal ends the process at once.

    Args:
        application: one that is not started.
        on_started: called once it has started.

    Raises:
        DuologError: it cannot start.
    """
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(_run(application, on_started))


async def _run(application: Application, on_started: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        loop.call_soon_threadsafe(stopping.set)

    for number in _SIGNALS:
        signal.signal(number, stop)
    async with application:
        on_started()
        await stopping.wait()
