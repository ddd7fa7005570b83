"""What a command that goes on says of its life: to people on standard error, or to programs as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer

from duolog.cli.json_line import echo_json


@dataclass(frozen=True, slots=True)
class LifeLine:
    """Says that an application started, where it listens, and that it stopped.

    Attributes:
        application: its name.
        as_json: an object a line on standard output: ``state`` is ``started`` (without HTTP), ``listening`` or
            ``stopped``.
    """

    application: str
    as_json: bool = False

    def started(self) -> None:
        """It runs, without HTTP."""
        self._say("started", f"{self.application} is running (Ctrl-C to stop)")

    def works_on(self, work: Sequence[str]) -> None:
        """It runs, without HTTP, and works on these."""
        sentence = f"{self.application} works on {', '.join(work)} (Ctrl-C to stop)"
        self._say("started", sentence, works_on=work)

    def listening(self, url: str) -> None:
        """It serves HTTP at a URL."""
        self._say("listening", f"{self.application} listens on {url} (Ctrl-C to stop)", url=url)

    def stopped(self) -> None:
        """It ended as it was told to."""
        self._say("stopped", "")

    def _say(self, state: str, sentence: str, **more: Any) -> None:
        if self.as_json:
            echo_json({"state": state, "application": self.application, **more})
        elif sentence:
            typer.echo(sentence, err=True)
