"""The options that say which secrets of recorded events are shown."""

from collections.abc import Callable
from typing import Annotated

import typer

from duolog.admin.payload_mask import PayloadMask
from duolog.cli.target_argument import read_application
from duolog.messages.envelope import RecordedEvent

SecretsOption = Annotated[bool, typer.Option("--secrets", help="Show payloads as they are stored, secrets too.")]
ClassesOption = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="MODULE:ATTRIBUTE",
        help="Mask also what the event classes of this application keep out of their reprs.",
        show_default=False,
    ),
]

Shown = Callable[[RecordedEvent], RecordedEvent]
"""Makes of a recorded event what may be shown of it."""


def chosen_mask(target: str | None, *, secrets: bool) -> Shown:
    """Return what masks the events that a command shows.

    Args:
        target: where the application is whose event classes say what is secret; None for their members' names alone.
        secrets: mask nothing.

    Raises:
        ConfigurationError: there is no such application, or its import fails.
    """
    if secrets:
        return _as_stored
    return PayloadMask(None if target is None else read_application(target).codec.types).over


def _as_stored(event: RecordedEvent) -> RecordedEvent:
    return event
