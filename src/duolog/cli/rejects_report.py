"""Where `duolog send` reports the rows that were rejected: as lines, or in a file that can be read by programs."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TextIO

import msgspec
import typer

from duolog.admin.sending import Rejected
from duolog.cli.terminal import printable
from duolog.errors import ConfigurationError


class RejectsReport:
    """Reports rejected rows on standard error, or as NDJSON in a file.

    Args:
        file: open to be appended to; None reports on standard error.
        path: its path.
    """

    def __init__(self, file: TextIO | None, path: Path | None) -> None:
        self._file = file
        self._path = path

    @classmethod
    @contextmanager
    def opened(cls, path: Path | None, *, source: Path) -> Generator[Self]:
        """Open a report; what an earlier one says stays until this one begins.

        Args:
            path: the report's file; None reports on standard error.
            source: the file that is sent.

        Raises:
            ConfigurationError: it is the same file as the source, or cannot be opened.
        """
        if path is None:
            yield cls(None, None)
            return
        if path.exists() and path.samefile(source):
            message = f"{path} is the file that is sent"
            raise ConfigurationError(message, hint="Give --rejects another file: the report would overwrite the rows.")
        try:
            file = path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            message = f"{path} cannot be opened: {error.strerror}"
            raise ConfigurationError(message) from error
        with file:
            yield cls(file, path)

    def begin(self) -> None:
        """Drop what an earlier report says."""
        if self._file is not None and self._path is not None and self._path.is_file():
            self._file.truncate(0)

    def add(self, rejected: Rejected) -> None:
        """Report one row."""
        if self._file is None:
            kind = f"{rejected.error}: " if rejected.error else ""
            typer.echo(printable(f"line {rejected.line}: {kind}{rejected.reason}"), err=True)
            return
        members = {"line": rejected.line, "error": rejected.error, "reason": rejected.reason}
        self._file.write(printable(msgspec.json.encode(members).decode()) + "\n")
        self._file.flush()
