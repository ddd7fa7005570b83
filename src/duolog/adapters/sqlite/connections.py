"""Opening connections: one that writes, and any number that can only read."""

import logging
import sqlite3
import time
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error, primary_code
from duolog.adapters.sqlite.location import Location
from duolog.errors import DatabaseError

_log: Final = logging.getLogger("duolog.sqlite")
_LEAST_VERSION: Final = (3, 35, 0)
_RACE_FROM: Final = (3, 7, 0)
_RACE_UNTIL: Final = (3, 51, 2)
_CACHED_STATEMENTS: Final = 512
_BETWEEN_TRIES: Final = 0.005

_warned: set[tuple[int, ...]] = set()


def check_version(version: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Warn, once a process, about a SQLite whose WAL can be damaged when two connections checkpoint at once.

    Only duolog's writer connection checkpoints, so one process alone is safe (https://sqlite.org/wal.html#walresetbug).

    Raises:
        DatabaseError: this SQLite is too old.
    """
    text = ".".join(map(str, version))
    if version < _LEAST_VERSION:
        message = f"SQLite {text} is too old"
        raise DatabaseError(message, hint=f"Install {'.'.join(map(str, _LEAST_VERSION))} or later.")
    if has_wal_reset_race(version) and version not in _warned:
        _warned.add(version)
        _log.warning(
            "SQLite %s has the WAL-reset race (3.7.0 to 3.51.2): a file that several processes write could be damaged; "
            "install 3.51.3 or later",
            text,
        )


def has_wal_reset_race(version: tuple[int, ...]) -> bool:
    """Tell whether this version of SQLite has the WAL-reset race; see `check_version`."""
    return _RACE_FROM <= version <= _RACE_UNTIL


def connect_writer(location: Location) -> sqlite3.Connection:
    """Open the one connection that writes, and make the file if it is missing.

    Raises:
        DatabaseError: it cannot be opened, or not in WAL mode.
    """
    if location.path.is_dir() or not location.path.parent.is_dir():
        message = f"{location.path} is a directory, or the directory that it should be in is missing"
        raise DatabaseError(message, hint="Name a file in a directory that exists.")
    connection = _connect(location, "rwc")
    try:
        connection.execute(f"PRAGMA busy_timeout = {location.busy_timeout}")
        _switch_to_wal(connection, location)
        connection.execute(f"PRAGMA synchronous = {location.synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")  # a file without write permission opens without an error
        connection.execute("ROLLBACK")
    except DRIVER_ERRORS as error:
        connection.close()
        raise _opening_error(location, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(location: Location) -> sqlite3.Connection:
    """Open a connection that cannot write, to a file that exists.

    Raises:
        DatabaseError: it cannot be opened.
    """
    connection = _connect(location, "ro")
    try:
        connection.execute(f"PRAGMA busy_timeout = {location.busy_timeout}")
        connection.execute("PRAGMA query_only = ON")
    except DRIVER_ERRORS as error:
        connection.close()
        raise _opening_error(location, error) from error
    return connection


def _connect(location: Location, mode: str) -> sqlite3.Connection:
    try:
        return sqlite3.connect(
            location.uri(mode),
            uri=True,
            isolation_level=None,
            check_same_thread=False,  # its users take turns; see `Reader` and `Writer`
            cached_statements=_CACHED_STATEMENTS,
        )
    except DRIVER_ERRORS as error:
        raise _opening_error(location, error) from error


def _switch_to_wal(connection: sqlite3.Connection, location: Location) -> None:
    # SQLite does not wait for the lock here when several processes open a new file at once.
    until = time.monotonic() + location.busy_timeout / 1_000
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_BETWEEN_TRIES)
    if mode != "wal":
        message = f"{location.path} cannot be used in WAL mode, only in mode {mode!r}"
        raise DatabaseError(message, hint="Put it on a local disk that supports shared memory.")


def _opening_error(location: Location, error: Exception) -> DatabaseError:
    if primary_code(error) == sqlite3.SQLITE_READONLY:
        message = f"{location.path} cannot be written"
        return DatabaseError(message, hint="Check the permissions of the file and of its directory.")
    reported = database_error(error)
    return type(reported)(f"{location.path} cannot be opened: {reported.message}", hint=reported.hint)
