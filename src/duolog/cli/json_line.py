"""Results as JSON, one object a line."""

from dataclasses import asdict
from typing import Any

import msgspec
import typer

from duolog.cli.terminal import printable


def echo_json(members: Any) -> None:
    """Write a dataclass or a dict as one line of JSON, in which nothing moves a terminal's cursor."""
    if not isinstance(members, dict):
        members = asdict(members)
    typer.echo(printable(msgspec.json.encode(members).decode()))
