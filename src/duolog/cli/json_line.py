"""Results as JSON, one object a line."""

from dataclasses import asdict
from typing import Any

import msgspec
import typer

from duolog.cli.terminal import printable


def echo_json(members: Any, *, err: bool = False) -> None:
    """Write a dataclass or a dict as one line of JSON, in which nothing moves a terminal's cursor.

    Args:
        members: what is written.
        err: to standard error, where standard output is taken by something else.
    """
    if not isinstance(members, dict):
        members = asdict(members)
    typer.echo(printable(msgspec.json.encode(members).decode()), err=err)
