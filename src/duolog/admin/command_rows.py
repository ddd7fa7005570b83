"""Rows of a file that are to become commands: NDJSON, or CSV with a header."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TextIO

import msgspec

from duolog.errors import ConfigurationError

_SHOWN_DIGITS: Final = 32


class RowFormat(Enum):
    """How a file is written."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: the line on which it begins, from 1.
        columns: its values by column; texts in CSV.
        digest: SHA-256 of its content, 32 hexadecimal digits.
    """

    line: int
    columns: Mapping[str, Any]
    digest: str


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """One row that cannot be read.

    Attributes:
        line: the line on which it begins, from 1.
        reason: why, without its values.
    """

    line: int
    reason: str


def read_rows(file: TextIO, form: RowFormat, *, delimiter: str = ",") -> Iterator[Row | BrokenRow]:
    """Read a file row by row; empty lines are left out, and a broken row does not stop those behind it.

    Args:
        file: opened with ``newline=""``.
        form: how it is written.
        delimiter: of a CSV file's cells.

    Raises:
        ConfigurationError: a CSV file has no header, or a column stands in it twice.
    """
    return _read_csv(file, delimiter) if form is RowFormat.CSV else _read_ndjson(file)


def _read_ndjson(file: TextIO) -> Iterator[Row | BrokenRow]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            columns = msgspec.json.decode(text.encode("utf-8", "surrogateescape"), type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            yield BrokenRow(line, "it is not a JSON object")
            continue
        yield Row(line, columns, _digest([text.strip()]))


def _read_csv(file: TextIO, delimiter: str) -> Iterator[Row | BrokenRow]:
    cells = csv.reader(file, delimiter=delimiter, strict=True)
    header = next(cells, None)
    if not header or len(set(header)) != len(header):
        message = "the CSV file has no header" if not header else "a column stands twice in the CSV file's header"
        raise ConfigurationError(message, hint="The first line names the columns, each by a name of its own.")
    while True:
        line = cells.line_num + 1
        try:
            row = next(cells)
        except StopIteration:
            return
        except csv.Error:
            yield BrokenRow(line, "its quotes are not closed, or are followed by text")
            continue
        if len(row) == len(header):
            yield Row(line, dict(zip(header, row, strict=True)), _digest(row))
        elif row:
            yield BrokenRow(line, f"it has {len(row)} cells, the header has {len(header)}")


def _digest(cells: Sequence[str]) -> str:
    text = "\x1f".join(cells).encode("utf-8", "surrogateescape")
    return hashlib.sha256(text).hexdigest()[:_SHOWN_DIGITS]
