"""The group of all commands: turns errors into a sentence and a hint, and says so with the exit code."""

import sys
import traceback
from typing import Any, Final

import typer
from typer.core import TyperGroup

from duolog.cli.terminal import printable
from duolog.errors import DuologError

USAGE_ERROR: Final = 2


class ErrorsForPeople(TyperGroup):
    """A group of commands whose expected errors come without a traceback, unless ``--debug`` asks for one."""

    def invoke(self, ctx: Any) -> object:
        """Run the command.

        Raises:
            typer.Exit: with 2 after a `DuologError`, which was shown on standard error.
        """
        try:
            result: object = super().invoke(ctx)
            # A reader like `head` that has gone is noticed here instead of in the interpreter's last moments.
            sys.stdout.flush()
        except DuologError as error:
            if debug_is_on(ctx):
                traceback.print_exception(error)
            else:
                show_error(error)
            raise typer.Exit(USAGE_ERROR) from error
        return result


def debug_is_on(context: typer.Context) -> bool:
    """Tell whether ``duolog --debug`` asked for tracebacks."""
    return bool(context.find_root().params.get("debug"))


def show_error(error: DuologError) -> None:
    """Write an error's message and hint to standard error."""
    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(printable(error.message), err=True)
    if error.hint:
        typer.echo(f"  hint: {printable(error.hint)}", err=True)
