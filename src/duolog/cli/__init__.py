"""The command line `duolog`, one command a file."""

import sys
from collections.abc import Callable
from typing import Final

_command_line: Callable[..., None] | None = None
_missing = ""
try:
    from duolog.cli.command_line import command_line
except ImportError as error:
    # Only the packages of the extra may be missing; anything else is a fault that must show itself.
    _missing = (error.name or "").partition(".")[0]
    if _missing not in {"typer", "rich"}:
        raise
else:
    _command_line = command_line

__all__ = ["main"]

_USAGE_ERROR: Final = 2


def main() -> None:
    """Run the command that the process's arguments name, and end the process with its exit code.

    Exit codes: 0 it was done; 1 the answer is negative, like pending migrations; 2 the arguments or the configuration
    are wrong.
    """
    if _command_line is None:
        sys.stderr.write(f"error: the command line needs the package {_missing!r}, which is not installed\n")
        sys.stderr.write("  hint: Install duolog[cli]: pip install 'duolog[cli]'\n")
        sys.exit(_USAGE_ERROR)
    _command_line(prog_name="duolog")
