"""A log as a file of lines: a header, an event a line, and a last line by which a file that was cut off is noticed."""

import gzip
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, cast

import msgspec

from duolog.errors import LogFileError

FORMAT: Final = "duolog.log"
STANDARD: Final = "-"
"""Stands for standard input, or standard output."""

_LONGEST_LINE: Final = 64 * 1_048_576
_PACKED: Final = ".gz"
_HEADER: Final = b'{"format":'
_END: Final = b'{"events":'
_encoder: Final = msgspec.json.Encoder()


class Header(msgspec.Struct, frozen=True):
    """The first line.

    Attributes:
        format: ``duolog.log``.
        version: of the format.
        log_id: identity of the log.
        secret_check: check value of the application's secret.
    """

    format: Literal["duolog.log"]
    version: Literal[1]
    log_id: str
    secret_check: str = ""


class End(msgspec.Struct, frozen=True):
    """The last line.

    Attributes:
        events: how many there are.
        sha256: over their lines, newlines included.
    """

    events: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file.

    Attributes:
        number: from 1.
        text: with its newline.
    """

    number: int
    text: bytes


def encode_part(part: Header | End) -> bytes:
    """Return the first or the last line."""
    return _encoder.encode(part) + b"\n"


def read_header(line: Line) -> Header | None:
    """Return the header that a line is; None if it is none.

    Raises:
        LogFileError: it is one of another format.
    """
    if not line.text.startswith(_HEADER):
        return None
    try:
        return msgspec.json.decode(line.text, type=Header)
    except msgspec.MsgspecError as error:
        message = f"the header is not one of {FORMAT} version 1"
        raise LogFileError(message, line=line.number, hint="A newer release of duolog may have written it.") from error


def read_end(line: Line) -> End | None:
    """Return the last line that a line is; None if it is none."""
    if line.text.startswith(_END):
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(line.text, type=End)
    return None


def cut_off() -> LogFileError:
    """Return the error of a file whose end is missing, or does not fit its lines."""
    message = "the file was cut off or changed: its last line is missing, or does not fit the lines before"
    return LogFileError(message, hint="Take another backup: nothing of this one was kept.")


@contextmanager
def reading(name: str) -> Generator[Iterator[Line]]:
    """Read a file line by line; empty lines are left out.

    Args:
        name: of the file, unpacked if it ends with ``.gz``; ``-`` for standard input.

    Raises:
        LogFileError: it cannot be read.
    """
    try:
        if name == STANDARD:
            yield _lines(sys.stdin.buffer)
        else:
            with _opened(Path(name), "rb", is_packed=name.endswith(_PACKED)) as file:
                yield _lines(file)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror or error}"
        raise LogFileError(message) from error


@contextmanager
def writing(name: str) -> Generator[IO[bytes]]:
    """Write a file, which appears under its name only when it is complete.

    Args:
        name: of the file, packed if it ends with ``.gz``; ``-`` for standard output.

    Raises:
        LogFileError: it cannot be written, or is there already.
    """
    if name == STANDARD:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name)
    if path.exists():
        message = f"{name} is there already"
        raise LogFileError(message, hint="Name another file, or remove this one.")
    part = path.with_name(f"{path.name}.part")
    try:
        with _opened(part, "wb", is_packed=name.endswith(_PACKED)) as file:
            yield file
        part.replace(path)
    except OSError as error:
        message = f"{name} cannot be written: {error.strerror or error}"
        raise LogFileError(message) from error
    finally:
        part.unlink(missing_ok=True)


def count_lines(name: str) -> int | None:
    """Count the lines of a file with events, and look whether its end is there; None for standard input.

    Raises:
        LogFileError: it cannot be read, or has a header and no end.
    """
    if name == STANDARD:
        return None
    first = last = None
    count = 0
    with reading(name) as lines:
        for last in lines:
            first = first or last
            count += 1
    if first is None or last is None or read_header(first) is None:
        return count
    end = read_end(last)
    if end is None or end.events != count - 2:
        raise cut_off()
    return end.events


def _opened(path: Path, mode: Literal["rb", "wb"], *, is_packed: bool) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, mode) if is_packed else path.open(mode))


def _lines(file: IO[bytes]) -> Iterator[Line]:
    number = 0
    try:
        while text := file.readline(_LONGEST_LINE):
            number += 1
            if len(text) == _LONGEST_LINE:
                message = f"it is longer than {_LONGEST_LINE} bytes"
                raise LogFileError(message, line=number)
            if not text.isspace():
                yield Line(number, text)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise cut_off() from error
