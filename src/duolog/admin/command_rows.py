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
        file: opened with ``newline=""`` and ``errors="surrogateescape"``: what is not in its encoding breaks its row.
        form: how it is written.
        delimiter: of a CSV file's cells: one character, neither a quote nor a line's end.

    Raises:
        ConfigurationError: a CSV file has no header, or one that is not in the file's encoding, or a column stands in
            it twice; a row of several lines does not end, so that nobody can tell where those behind it begin; or an
            encoding whose characters have several bytes meets others.
    """
    rows = _read_csv(file, delimiter) if form is RowFormat.CSV else _read_ndjson(file)
    try:
        yield from rows
    except UnicodeError as error:
        raise _not_in_encoding(file, "the file") from error


def _read_ndjson(file: TextIO) -> Iterator[Row | BrokenRow]:
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            columns = msgspec.json.decode(text.encode(), type=dict[str, Any])
        except UnicodeEncodeError:
            yield BrokenRow(line, _not_in_encoding(file, "it").message)
        except msgspec.DecodeError:
            yield BrokenRow(line, "it is not a JSON object")
        else:
            yield Row(line, columns, _digest([text.strip()]))


def _read_csv(file: TextIO, delimiter: str) -> Iterator[Row | BrokenRow]:
    cells = csv.reader(file, delimiter=delimiter, strict=True)
    header = _header(cells, file)
    while True:
        line = cells.line_num + 1
        try:
            row = next(cells)
            digest = _digest(row)
        except StopIteration:
            return
        except csv.Error as error:
            if cells.line_num > line:
                raise _endless(line, cells.line_num, error) from error
            yield BrokenRow(line, _csv_reason(error))
        except UnicodeEncodeError:
            yield BrokenRow(line, _not_in_encoding(file, "it").message)
        else:
            if len(row) == len(header):
                yield Row(line, dict(zip(header, row, strict=True)), digest)
            elif row:
                through = f", and goes on to line {cells.line_num}" if cells.line_num > line else ""
                yield BrokenRow(line, f"it has {len(row)} cells, the header has {len(header)}{through}")


def _header(cells: Iterator[list[str]], file: TextIO) -> list[str]:
    hint = "The first line names the columns, each by a name of its own."
    try:
        header = next(cells, None)
    except csv.Error as error:
        message = f"the CSV file's header cannot be read: {_csv_reason(error)}"
        raise ConfigurationError(message, hint=hint) from error
    if not header or len(set(header)) != len(header):
        message = "the CSV file has no header" if not header else "a column stands twice in the CSV file's header"
        raise ConfigurationError(message, hint=hint)
    try:
        _digest(header)
    except UnicodeEncodeError as error:
        raise _not_in_encoding(file, "the CSV file's header") from error
    return header


def _csv_reason(error: csv.Error) -> str:
    # The module tells its errors apart by their texts alone.
    if "field limit" in str(error):
        return f"a cell has more than {csv.field_size_limit()} characters"
    return "its quotes are not closed, or are followed by text"


def _endless(first: int, last: int, error: csv.Error) -> ConfigurationError:
    message = f"lines {first} to {last} cannot be told apart: {_csv_reason(error)}"
    hint = f"Correct the quotes of line {first}, and send the file again. Cells that are larger need NDJSON."
    return ConfigurationError(message, hint=hint)


def _not_in_encoding(file: TextIO, what: str) -> ConfigurationError:
    message = f"{what} is not written in {file.encoding.removesuffix('-sig')}"
    return ConfigurationError(message, hint="Name the file's encoding, like --encoding cp1252.")


def _digest(cells: Sequence[str]) -> str:
    return hashlib.sha256("\x1f".join(cells).encode()).hexdigest()[:_SHOWN_DIGITS]
