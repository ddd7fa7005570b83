"""The argument that names an application."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from secrets import token_urlsafe
from typing import Annotated

import typer

from duolog.application.application import Application
from duolog.cli.target import load_target
from duolog.container.secret import ENVIRONMENT_VARIABLE

TargetArgument = Annotated[str, typer.Argument(metavar="MODULE:ATTRIBUTE", help="Where the application is.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def named_application(name: str) -> Application:
    """Import the application that ``MODULE:ATTRIBUTE`` names, with or without HTTP; it is not started.

    Raises:
        ConfigurationError: there is none, or its import fails.
    """
    return load_target(name).application


def read_application(name: str) -> Application:
    """Import an application to be read only, never started: where no secret is set, another one stands in for it.

    Raises:
        ConfigurationError: there is none, or its import fails.
    """
    with _some_secret():
        return named_application(name)


@contextmanager
def _some_secret() -> Generator[None]:
    if os.environ.get(ENVIRONMENT_VARIABLE):
        yield
        return
    os.environ[ENVIRONMENT_VARIABLE] = token_urlsafe(32)
    try:
        yield
    finally:
        del os.environ[ENVIRONMENT_VARIABLE]
