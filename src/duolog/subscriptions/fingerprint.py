"""Telling whether two parked events failed in the same way."""

import hashlib
import re
import sysconfig
from pathlib import Path, PurePath
from typing import Final

from duolog.subscriptions.parking import ParkedEvent

_FRAME: Final = re.compile(r'^  File "(?P<file>[^"\n]+)", line \d+, in (?P<function>\S+)', re.MULTILINE)
_DUOLOG: Final = Path(__file__).resolve().parents[1]
_STANDARD: Final = sysconfig.get_path("stdlib")
_LENGTH: Final = 8


def fingerprint(event: ParkedEvent) -> str:
    """Return eight hexadecimal digits that parked events have in common whose failures have.

    They stand for the reason, the error's class, the event's type, and the innermost function of the application's own
    code; neither for the error's text, which may hold values, nor for lines, which move with every release. An event
    that waits behind another one has none.
    """
    if not event.error:
        return ""
    failed_as = event.error.partition(":")[0]
    text = "\x1f".join((event.reason.value, failed_as, event.type, _own_frame(event.traceback)))
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]


def _own_frame(traceback: str) -> str:
    own = ""
    for frame in _FRAME.finditer(traceback):
        path = PurePath(frame["file"])
        is_foreign = "site-packages" in path.parts or path.is_relative_to(_DUOLOG) or path.is_relative_to(_STANDARD)
        if not is_foreign and not frame["file"].startswith("<"):
            own = f"{path.name}:{frame['function']}"
    return own
