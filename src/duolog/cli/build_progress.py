"""How far a generation of a view is built: a bar on a terminal, else a line now and then."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from duolog.cli.json_line import echo_json
from duolog.projections.building import Built, Show

_BETWEEN_LINES: Final = 5.0
_BETWEEN_OBJECTS: Final = 1.0


@contextmanager
def build_progress(*, as_json: bool) -> Generator[Show]:
    """Show progress until the block ends.

    Args:
        as_json: where standard error is no terminal, write objects to standard output instead of lines to it.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, as_json=as_json)
        return
    columns = (
        TextColumn("generation {task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>5.1f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[rest]}"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=None, rest="")

        def show(built: Built) -> None:
            rest = f"{built.rate:,.0f} positions/s, {_left(built)}"
            progress.update(
                task, description=str(built.generation), completed=built.position, total=max(1, built.head), rest=rest
            )

        yield show


class _Lines:
    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._last = -_BETWEEN_LINES
        self._is_there = False

    def __call__(self, built: Built) -> None:
        is_there, was_there = built.position >= built.head, self._is_there
        self._is_there = is_there
        is_early = time.monotonic() - self._last < (_BETWEEN_OBJECTS if self._as_json else _BETWEEN_LINES)
        if is_early and (was_there or not is_there):
            return
        self._last = time.monotonic()
        if self._as_json:
            members = {
                "generation": built.generation,
                "position": built.position,
                "head": built.head,
                "percent": round(built.percent, 1),
                "rate": round(built.rate, 1),
                "seconds_left": None if built.seconds_left is None else round(built.seconds_left, 1),
                "owners": built.owners,
            }
            echo_json({"progress": members})
            return
        owners = ", ".join(built.owners) or "nobody yet"
        self._console.print(
            f"generation {built.generation}: {built.position:,} of {built.head:,} ({built.percent:.1f} %), "
            f"{built.rate:,.0f} positions/s, {_left(built)}; by {owners}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _left(built: Built) -> str:
    if built.position >= built.head:
        return "caught up"
    if built.seconds_left is None:
        return "time left not known yet"
    minutes, seconds = divmod(round(built.seconds_left), 60)
    return f"{minutes}:{seconds:02} left"
