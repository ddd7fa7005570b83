"""The driver's exceptions as duolog's errors."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Final

from duolog.database.closed_log import CLOSED, closed_error
from duolog.errors import (
    ConstraintViolationError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseFullError,
    ReadOnlyError,
    StatementError,
)

DRIVER_ERRORS: Final = (sqlite3.Error, sqlite3.Warning)
"""What the driver raises; `sqlite3.Warning` (several statements in one, before 3.12) is no `sqlite3.Error`."""

_FAILED: Final = re.compile(r"(UNIQUE|CHECK|NOT NULL|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)
_INDEX: Final = re.compile(r"index '(.*)'", re.DOTALL)
_BUSY: Final = (
    DatabaseBusyError,
    "the database's lock could not be had in time",
    "Find who keeps a transaction open, or raise `busy_timeout` in the URL.",
)
_FULL: Final = (
    DatabaseFullError,
    "the database has no room, or its disk failed",
    "Make room, or look after the disk; then try again.",
)
_BROKEN: Final = (
    DatabaseError,
    "the database file cannot be used",
    "Check the path and its permissions, and that it is a SQLite database.",
)
_FAILURES: Final[Mapping[int, tuple[type[DatabaseError], str, str]]] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FULL,
    sqlite3.SQLITE_READONLY: (ReadOnlyError, "only reading is possible here", "Write in a command or a projection."),
    sqlite3.SQLITE_CORRUPT: _BROKEN,
    sqlite3.SQLITE_NOTADB: _BROKEN,
    sqlite3.SQLITE_CANTOPEN: _BROKEN,
}
_WRONG: Final = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_MISUSE,
    }
)


def primary_code(error: Exception) -> int:
    """Return SQLite's primary result code of an exception; 0 if the driver itself raised it."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF if isinstance(code, int) else 0


def is_interrupt(error: Exception) -> bool:
    """Tell whether a statement was interrupted."""
    return primary_code(error) == sqlite3.SQLITE_INTERRUPT


def database_error(error: Exception, sql: str = "") -> DatabaseError:
    """Return the error of duolog for an exception of the driver; raise it from the exception.

    Args:
        error: one of `DRIVER_ERRORS`.
        sql: the statement, shown in the hint where it is the application's own; never its parameters.
    """
    code, text = primary_code(error), str(error)
    if text == CLOSED:
        return closed_error()
    if code == sqlite3.SQLITE_CONSTRAINT:
        return _violation(text)
    if code in _WRONG or isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError | sqlite3.Warning):
        return StatementError(text, hint=f"The statement is: {' '.join(sql.split())[:200]}" if sql else "")
    kind, message, hint = _FAILURES.get(code, (DatabaseError, "the database failed", ""))
    return kind(f"{message}: {text}", hint=hint)


def _violation(text: str) -> ConstraintViolationError:
    failed = _FAILED.match(text)
    kind, where = failed.groups(default="") if failed else ("", "")
    if kind in {"UNIQUE", "NOT NULL"}:
        index = _INDEX.fullmatch(where)
        if index is not None:
            return ConstraintViolationError(text, constraint=index[1])
        pairs = [name.rpartition(".") for name in where.split(", ")]
        return ConstraintViolationError(text, table=pairs[0][0], columns=tuple(column for _, _, column in pairs))
    return ConstraintViolationError(text, constraint=where if kind == "CHECK" else "")
