"""A table for people, which programs can read as well when it is piped."""

from collections.abc import Iterable, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from duolog.cli.terminal import printable

_WIDE: Final = 200

Cell = str | int | Text | None


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Print a table; numbers are set to the right, and a piped table is neither cut nor folded.

    Args:
        headings: one for each column.
        rows: the cells; texts are made printable, None is left empty.
    """
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown = [tuple(row) for row in rows]
    for column, heading in enumerate(headings):
        is_number = bool(shown) and all(isinstance(row[column], int | None) for row in shown)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for row in shown:
        table.add_row(*(cell if isinstance(cell, Text) else _text(cell) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(console.width, _WIDE))
    console.print(table)


def _text(cell: str | int | None) -> Text:
    return Text("" if cell is None else printable(str(cell)))
