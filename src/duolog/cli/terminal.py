"""Text for a terminal: nothing in it moves the cursor, changes a colour or hides, and it fits the width."""

import re
import shutil
import sys
from typing import Final

from rich.cells import cell_len, set_cell_size

# Controls (C0, DEL, C1), line and paragraph separators, invisible and direction-changing marks, lone surrogates.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_ELLIPSIS: Final = "…"


def printable(text: str) -> str:
    r"""Escape what a terminal would obey instead of show, like ``\u001b``; the same escapes as in JSON."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def shortened(text: str, cells: int) -> str:
    """Cut a text to a number of terminal cells, with an ellipsis where it was cut."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, max(0, cells - 1)).rstrip() + _ELLIPSIS


def stdout_width() -> int | None:
    """Return the terminal's width in cells, or None where standard output is no terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
