"""What an application does beside answering, and which part of it a process does."""

import os
from collections.abc import Collection, Sequence
from typing import Final

from duolog.errors import ConfigurationError

SCHEDULED_COMMANDS: Final = "scheduled-commands"
"""Stands for commands that are due; no projection or process is called so, since their names have no dash."""

ENVIRONMENT_VARIABLE: Final = "DUOLOG_PROJECTIONS"
"""``off`` leaves the background work of an application that serves HTTP to other processes."""

_ANSWERS: Final = {"": True, "on": True, "off": False}


def is_done_here() -> bool:
    """Tell whether a process does background work where nobody says so: unless ``DUOLOG_PROJECTIONS`` is ``off``.

    Raises:
        ConfigurationError: the environment variable says something else.
    """
    value = os.environ.get(ENVIRONMENT_VARIABLE, "")
    if value not in _ANSWERS:
        message = f"{ENVIRONMENT_VARIABLE} is {value!r}"
        raise ConfigurationError(message, hint="Write `on`, or `off` where `duolog worker` does the work.")
    return _ANSWERS[value]


def check_choice(only: Collection[str], there: Sequence[str]) -> None:
    """Refuse names of work that an application does not have.

    Args:
        only: the chosen names.
        there: the names of all its background work.

    Raises:
        ConfigurationError: one of them is not there.
    """
    unknown = sorted(set(only).difference(there))
    if unknown:
        message = f"the application has no projection or process {unknown[0]!r}"
        raise ConfigurationError(message, hint=f"It has: {', '.join(there) or 'no background work'}.")
