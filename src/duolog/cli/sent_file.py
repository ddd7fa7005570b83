"""The file whose rows `duolog send` sends: opened in its encoding, and read through before anything is sent."""

import codecs
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from duolog.admin.command_mapping import CommandMapping
from duolog.admin.command_rows import BrokenRow, Row, RowFormat, read_rows
from duolog.errors import ConfigurationError

_FORMATS: Final = {".csv": RowFormat.CSV, ".ndjson": RowFormat.NDJSON, ".jsonl": RowFormat.NDJSON}
_TABS: Final = frozenset({"\\t", "tab"})
_NO_DELIMITERS: Final = frozenset('"\r\n')


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file of rows.

    Attributes:
        path: where it is; a regular file, as it is read twice.
        form: how it is written.
        delimiter: between the cells of CSV.
        encoding: name of its characters' encoding, as Python knows it; UTF-8 may begin with a byte order mark.
    """

    path: Path
    form: RowFormat
    delimiter: str
    encoding: str

    @contextmanager
    def rows(self) -> Generator[Iterator[Row | BrokenRow]]:
        """Open the file and read it row by row.

        Raises:
            ConfigurationError: it cannot be opened, and what `read_rows` raises.
        """
        try:
            encoding = "utf-8-sig" if codecs.lookup(self.encoding).name == "utf-8" else self.encoding
            opened = self.path.open(encoding=encoding, errors="surrogateescape", newline="")
        except OSError as error:
            message = f"{self.path} cannot be opened: {error.strerror}"
            raise ConfigurationError(message) from error
        except (LookupError, ValueError) as error:
            message = f"there is no text encoding {self.encoding!r}"
            raise ConfigurationError(message, hint="Like utf-8, utf-16, cp1252 or iso8859-15.") from error
        with opened:
            yield read_rows(opened, self.form, delimiter=self.delimiter)

    def count(self, mapping: CommandMapping, *, id_column: str | None) -> int:
        """Read the file through, check the columns of CSV, and count the rows, broken ones too.

        Args:
            mapping: what it needs of columns.
            id_column: column with the rows' own ids; None if they have none.

        Raises:
            ConfigurationError: a column is missing, it is no regular file, and what `rows` raises.
        """
        if self.path.exists() and not self.path.is_file():
            message = f"{self.path} is not a regular file"
            raise ConfigurationError(message, hint="It is read twice, and again when it is sent again: save it first.")
        with self.rows() as rows:
            broken = 0
            for row in rows:
                if isinstance(row, BrokenRow):
                    broken += 1
                    continue
                if self.form is RowFormat.CSV:
                    mapping.refuse_missing(tuple(row.columns), id_column=id_column)
                return broken + sum(1 for _ in chain([row], rows))
            return broken


def format_of(path: Path) -> RowFormat:
    """Tell by a file's name how it is written.

    Raises:
        ConfigurationError: its name does not tell.
    """
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        message = f"the name of {path} does not tell how it is written"
        raise ConfigurationError(message, hint="Give --format csv or --format ndjson.")
    return form


def delimiter_of(text: str) -> str:
    r"""Return the delimiter that a text names: a character, or ``\t`` or ``tab`` for a tab.

    Raises:
        ConfigurationError: it is not one character, or one that has another meaning in CSV.
    """
    delimiter = "\t" if text in _TABS else text
    if len(delimiter) != 1 or delimiter in _NO_DELIMITERS:
        message = f"{text!r} cannot stand between cells"
        raise ConfigurationError(message, hint="Give one character, like ';', or `tab`.")
    return delimiter
