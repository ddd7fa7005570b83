"""Running an Application without HTTP: its background work, until a signal ends it."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Final

from duolog.application.application import Application
from duolog.cli.stop_signals import StopSignal, stop_signals
from duolog.subscriptions.status import SubscriptionStatus

_BETWEEN_LOOKS: Final = 0.5
_new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # uvloop is faster where it is installed
    import uvloop

    _new_event_loop = uvloop.new_event_loop


def run_in_background(
    application: Application,
    *,
    on_started: Callable[[], None],
    only: Collection[str] | None = None,
    on_look: Callable[[Sequence[SubscriptionStatus]], None] | None = None,
) -> None:
    """Run an application until SIGINT or SIGTERM, then close it, which drains it within its own time limit.

    A second signal ends the process at once.

    Args:
        application: one that is not started.
        on_started: called once it has started.
        only: as for `Application.start`.
        on_look: called now and then with what it is doing.

    Raises:
        DuologError: it cannot start.
    """
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(_run(application, on_started, only, on_look))


async def _run(
    application: Application,
    on_started: Callable[[], None],
    only: Collection[str] | None,
    on_look: Callable[[Sequence[SubscriptionStatus]], None] | None,
) -> None:
    with stop_signals() as stop:
        await application.start(projections=True, only=only)
        try:
            on_started()
            if on_look is not None:
                await _look(application, stop, on_look)
            await stop.wait()
        finally:
            await application.close()


async def _look(
    application: Application, stop: StopSignal, on_look: Callable[[Sequence[SubscriptionStatus]], None]
) -> None:
    while not stop.came:
        on_look(application.projection_statuses())
        with suppress(TimeoutError):
            async with asyncio.timeout(_BETWEEN_LOOKS):
                await stop.wait()
