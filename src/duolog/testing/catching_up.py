"""Waiting in a test until everything has followed, with what went wrong in the failure."""

from collections.abc import Iterator

from duolog.application.application import Application
from duolog.errors import AfterTimeoutError


async def caught_up(app: Application, *, seconds: float = 10.0, parked: bool = False) -> None:
    """Wait until projections and processes have the log's end and no scheduled command is due, or fail and say why.

    `Application.caught_up` counts parked events as applied; in most tests an event that a handler cannot apply is a
    fault, and a view that lacks it misleads.

    Args:
        app: running.
        seconds: how long to wait.
        parked: events may be parked; whoever tests that looks at them.

    Raises:
        AssertionError: it did not come to that in time, or an event is parked; with each one's error.
    """
    try:
        await app.caught_up(timeout=seconds)
    except AfterTimeoutError as error:
        raise AssertionError("\n".join([error.message, *_troubles(app)])) from error
    found = () if parked else await app.database.parking.read(limit=10)
    if found:
        lines = [
            f"{each.subscription} has parked {each.type} at {each.position}: {each.error or each.reason.value}\n"
            f"{each.traceback}"
            for each in found
        ]
        raise AssertionError("\n".join(lines))


def _troubles(app: Application) -> Iterator[str]:
    for status in app.projection_statuses():
        if status.error:
            yield f"{status.subscription} ({status.state.value}): {status.error}"
