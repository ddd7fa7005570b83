"""The argument that names an application."""

from typing import Annotated

import typer

from duolog.application.application import Application
from duolog.cli.target import load_target

TargetArgument = Annotated[str, typer.Argument(metavar="MODULE:ATTRIBUTE", help="Where the application is.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def named_application(name: str) -> Application:
    """Import the application that ``MODULE:ATTRIBUTE`` names, with or without HTTP; it is not started.

    Raises:
        ConfigurationError: there is none, or its import fails.
    """
    return load_target(name).application
