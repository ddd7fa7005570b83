"""What a command that goes on says of its life: to people on standard error, or to programs as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import typer

from duolog.cli.json_line import echo_json
from duolog.read.caching.figures import CacheFigures


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

    def stopped(self, caches: Mapping[str, CacheFigures] = MappingProxyType({})) -> None:
        """It ended as it was told to; tell how well the caches of its queries did that were asked at all."""
        asked = {name: figures for name, figures in caches.items() if figures.asked}
        lines = (f"{name}: {_hits(figures)}" for name, figures in asked.items())
        told = {name: {**asdict(figures), "hit_rate": round(figures.hit_rate, 4)} for name, figures in asked.items()}
        self._say("stopped", "\n".join(lines), **({"caches": told} if told else {}))

    def _say(self, state: str, sentence: str, **more: Any) -> None:
        if self.as_json:
            echo_json({"state": state, "application": self.application, **more})
        elif sentence:
            typer.echo(sentence, err=True)


def _hits(figures: CacheFigures) -> str:
    failures = f", {figures.failures:,} failures of the shared cache" if figures.failures else ""
    return f"{figures.hit_rate:.1%} of {figures.asked:,} answers came from the cache{failures}"
