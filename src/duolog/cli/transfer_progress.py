"""How far a log is on its way: a bar on a terminal, else a line now and then, on standard error."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_BETWEEN_LINES: Final = 5.0

Show = Callable[[str, int, int | None], None]
"""Takes what is being done, how far it is, and where it ends, if that is known."""


@contextmanager
def transfer_progress() -> Generator[Show]:
    """Show progress until the block ends."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("reading", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = time.monotonic()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        if time.monotonic() - self._last >= _BETWEEN_LINES:
            self._last = time.monotonic()
            of = "" if total is None else f" of {total:,}"
            self._console.print(f"{what}: {done:,}{of}", highlight=False)
