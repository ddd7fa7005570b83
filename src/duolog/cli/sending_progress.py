"""How far sending a file is: a bar on a terminal, else a line now and then."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY: Final = 1_000


class SendingProgress(Protocol):
    """Shows what was done."""

    def advance(self, *, rejected: int) -> None:
        """Count one more row, of which ``rejected`` were rejected so far."""
        ...


class _Bar:
    def __init__(self, progress: Progress, total: int | None) -> None:
        self._progress = progress
        self._task = progress.add_task("sending", total=total, rejected=0)

    def advance(self, *, rejected: int) -> None:
        self._progress.update(self._task, advance=1, rejected=rejected)


class _Lines:
    def __init__(self, console: Console, total: int | None) -> None:
        self._console = console
        self._of = "" if total is None else f" of {total}"
        self._done = 0

    def advance(self, *, rejected: int) -> None:
        self._done += 1
        if self._done % _LINE_EVERY == 0:
            self._console.print(f"{self._done}{self._of} rows, {rejected} rejected", highlight=False)


@contextmanager
def sending_progress(total: int | None) -> Generator[SendingProgress]:
    """Show progress on standard error.

    Args:
        total: how many rows there are; None if that is not known.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, total)
        return
    rejected = TextColumn("{task.fields[rejected]} rejected")
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), rejected, TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress, total)
