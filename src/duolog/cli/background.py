"""Running an Application without HTTP: its projections, until a signal ends it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from duolog.application.application import Application
from duolog.cli.stop_signals import stop_signals

_new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # uvloop is faster where it is installed
    import uvloop

    _new_event_loop = uvloop.new_event_loop


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
    with stop_signals() as stop:
        async with application:
            on_started()
            await stop.wait()
