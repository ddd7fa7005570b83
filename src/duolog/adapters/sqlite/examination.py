"""Looking at a SQLite file: the software, the room on its disk, its mode, its pages and its schema."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS
from duolog.adapters.sqlite.connections import connect_reader, has_wal_reset_race
from duolog.adapters.sqlite.location import Location
from duolog.adapters.sqlite.migrations import pending
from duolog.adapters.sqlite.transfer import read_state
from duolog.adapters.sqlite.write_lock import stuck_writer
from duolog.database.closed_log import examine_log
from duolog.database.examination import Examination, Level
from duolog.errors import DuologError

_MEBIBYTE: Final = 1_048_576
_LEAST_ROOM: Final = 64 * _MEBIBYTE


def examine(location: Location, *, quick: bool = False) -> Iterator[Examination]:
    """Examine a file; nothing is written, and the file need not be one of this release.

    Args:
        location: where the file is.
        quick: read each table once, and do not look every row up in its indexes.
    """
    yield _software()
    if not location.path.is_file():
        advice = "Check the path; an application, or `duolog migrate`, makes it."
        yield Examination("database", Level.FAULT, f"there is no file {location.path}", advice)
        return
    yield _room(location)
    yield _writer(location)
    try:
        with closing(connect_reader(location)) as connection:
            yield _journal(connection)
            yield _pages(connection, quick=quick)
            schema = _schema(connection)
            yield schema
            if schema.level is Level.WELL:
                yield examine_log(read_state(connection), location.url)
    except DuologError as error:
        yield Examination("database", Level.FAULT, error.message, error.hint or "Check the file and its permissions.")
    except DRIVER_ERRORS as error:
        yield Examination("database", Level.FAULT, f"it cannot be read: {error}", "Restore it from a backup.")


def _software() -> Examination:
    version = sqlite3.sqlite_version
    if has_wal_reset_race(sqlite3.sqlite_version_info):
        found = f"{version} has the WAL-reset race: a file that several processes write could be damaged"
        return Examination("SQLite version", Level.RISK, found, "Use 3.51.3 or later, or write from one process only.")
    return Examination("SQLite version", Level.WELL, version)


def _room(location: Location) -> Examination:
    free, size = shutil.disk_usage(location.path.parent).free, location.path.stat().st_size
    found = f"{free // _MEBIBYTE:,} MiB are free, the database has {size // _MEBIBYTE:,} MiB"
    if free < _LEAST_ROOM:
        return Examination("disk space", Level.FAULT, found, "Make room: writing will fail soon.")
    if free < size:
        return Examination("disk space", Level.RISK, found, "Make room: there is none for a copy or a rebuild.")
    return Examination("disk space", Level.WELL, found)


def _writer(location: Location) -> Examination:
    pid = stuck_writer(location.path)
    if pid is None:
        return Examination("locks", Level.WELL, "no process keeps the right to write")
    found = f"the process with pid {pid} has had the right to write at every look for a second; all others wait for it"
    advice = "If it is not loading data, it has left a transaction open: end the transaction, or the process."
    return Examination("locks", Level.RISK, found, advice)


def _journal(connection: sqlite3.Connection) -> Examination:
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    if mode != "wal":
        advice = "Some other program changed it; the next start of the application sets it to wal."
        return Examination("journal mode", Level.FAULT, mode, advice)
    return Examination("journal mode", Level.WELL, mode)


def _pages(connection: sqlite3.Connection, *, quick: bool) -> Examination:
    # A stream is read through an index: what that lacks is lost to its readers, and quick_check does not see it.
    check = "PRAGMA quick_check(1)" if quick else "PRAGMA integrity_check(1)"
    answer = str(connection.execute(check).fetchone()[0])
    if answer != "ok":
        advice = "Stop writing, keep a copy of the file, and restore a backup."
        return Examination("integrity", Level.FAULT, answer, advice)
    return Examination("integrity", Level.WELL, f"{answer}; the indexes were left out" if quick else answer)


def _schema(connection: sqlite3.Connection) -> Examination:
    missing = [step.name for step in pending(connection)]
    if missing:
        found = f"migrations are pending: {', '.join(missing)}"
        return Examination("schema", Level.FAULT, found, "`duolog migrate` applies them.")
    return Examination("schema", Level.WELL, "that of this release")
