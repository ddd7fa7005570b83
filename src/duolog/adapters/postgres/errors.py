"""The driver's exceptions as duolog's errors, by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

import asyncpg

from duolog.database.closed_log import closed_error
from duolog.errors import (
    ConstraintViolationError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseFullError,
    DuologError,
    ReadOnlyError,
    StatementError,
    TimeLimitExceededError,
    UnstorableValueError,
)

DRIVER_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises; `OSError` comprises `TimeoutError`, which its client-side time limit raises."""

CLOSED_LOG: Final = "DL001"
"""The SQLSTATE with which the gate refuses to write in a log that is closed."""

_UNSTORABLE_TEXT: Final = "22021"
_KEY: Final = re.compile(r"\((?P<columns>.+?)\)=\(")  # whatever the language of the server's messages
_QUOTED: Final = re.compile(r'"[^"]*"')
_NUMBERED: Final = re.compile(r"query argument \$(\d+)")
_WRONG_ARGUMENT: Final = "invalid input for query argument"

_BUSY: Final = "Find who keeps a transaction open (`duolog doctor`), or raise `lock_timeout` in the URL."
_FULL: Final = "Make room, or look after the disk; then try again."
_CONNECTING: Final = "Check that the server runs and that the URL names its host, port, user and database."
_FAILURES: Final[Mapping[str, tuple[type[DatabaseError], str, str]]] = {
    "25006": (ReadOnlyError, "only reading is possible here", "Write in a command or a projection."),
    "53100": (DatabaseFullError, "the database has no room", _FULL),
    "58030": (DatabaseFullError, "the database's disk failed", _FULL),
    "53300": (DatabaseBusyError, "the server has no connection free", "Lower `pool_max`, or raise max_connections."),
    "55P03": (DatabaseBusyError, "a lock could not be had in time", _BUSY),
    "40P01": (DatabaseBusyError, "two transactions waited for each other", "Try again."),
    "40001": (DatabaseBusyError, "another transaction came first", "Try again."),
    "25P03": (DatabaseError, "the transaction waited for too long for its next statement", "Await less inside it."),
    "25P02": (DatabaseError, "an earlier statement of this transaction failed", ""),
    "28P01": (DatabaseError, "the server refuses the user or the password", "Check both in the URL."),
    "28000": (DatabaseError, "the server refuses the user", "Check the URL and the server's pg_hba.conf."),
    "3D000": (DatabaseError, "there is no such database", "Create it (createdb), or check the URL."),
    "42501": (DatabaseError, "the user lacks a right", "Grant it to the user of the URL."),
}
# Syntax and names, data, several commands in one, and what the server cannot do: the statement's author must act.
_WRONG: Final = ("42", "22", "0A", "21", "2F", "54")
_LOST: Final = ("08", "57P")


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of an exception; empty if the driver itself raised it."""
    code = getattr(error, "sqlstate", None)
    return code if isinstance(code, str) else ""


def is_connection_lost(error: BaseException) -> bool:
    """Tell whether an exception leaves open what became of the statement: the connection ended, or nobody answered.

    Whoever sent a COMMIT decides by this that its outcome is unknown.
    """
    if isinstance(error, asyncpg.PostgresError):
        return sqlstate(error).startswith(_LOST)
    return isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def is_conflict(error: BaseException) -> bool:
    """Tell whether a transaction lost against another one: a deadlock, or a serialization failure."""
    return sqlstate(error) in {"40P01", "40001"}


@contextmanager
def reported(sql: str = "") -> Generator[None, None, None]:
    """Raise what the driver raises inside as duolog's error.

    The driver's own exception is not chained: its details may hold values.

    Args:
        sql: the statement, shown in the hint where it is the application's own; never its parameters.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise database_error(error, sql) from None


def database_error(error: Exception, sql: str = "") -> DuologError:
    """Return the error of duolog for an exception of the driver; raise it ``from None``: its details may hold values.

    Args:
        error: one of `DRIVER_ERRORS`.
        sql: the statement; see `reported`.

    Returns:
        A `DatabaseError`, or `TimeLimitExceededError` for a statement that ran for too long.
    """
    if not isinstance(error, asyncpg.PostgresError):
        return _driver_failure(error, sql)
    if str(error).startswith(_WRONG_ARGUMENT):
        return _unfit_parameter(error, sql)
    code, text = sqlstate(error), str(getattr(error, "message", "") or type(error).__name__)
    if code == CLOSED_LOG:
        return closed_error()
    return _violation(error, text) if code.startswith("23") else _server_failure(code, text, sql)


def _server_failure(code: str, text: str, sql: str) -> DuologError:
    if code == "57014":
        return TimeLimitExceededError(f"a statement took too long: {text}", seconds=0)
    if code == _UNSTORABLE_TEXT:  # its text quotes the bytes
        message = "a text has a character that cannot be stored, like NUL"
        return UnstorableValueError(message, hint=_shown(sql))
    if code in _FAILURES:
        kind, message, hint = _FAILURES[code]
        return kind(f"{message}: {text}", hint=hint)
    if code.startswith(_WRONG):
        shown = _QUOTED.sub('"..."', text) if code.startswith("22") else text  # data errors quote the value
        return StatementError(shown, hint=_shown(sql))
    if code.startswith(_LOST):
        return DatabaseError(f"the connection ended: {text}", hint=_CONNECTING)
    return DatabaseError(f"the database failed: {text} (SQLSTATE {code})")


def _driver_failure(error: Exception, sql: str) -> DuologError:
    if isinstance(error, asyncpg.InterfaceError) and "argument" in str(error):
        return _unfit_parameter(error, sql)
    if isinstance(error, TimeoutError):
        message = "the server did not answer in time"
        return DatabaseError(message, hint=_CONNECTING)
    if isinstance(error, OSError):
        return DatabaseError(f"the server cannot be reached: {error.strerror or error}", hint=_CONNECTING)
    return DatabaseError(f"the connection failed: {error}", hint=_CONNECTING)


def _unfit_parameter(error: Exception, sql: str) -> StatementError:
    number = _NUMBERED.search(str(error))  # the rest of the text quotes the value
    message = f"parameter {number[1]} does not fit its place" if number else "the parameters do not fit the statement"
    return StatementError(message, hint=_shown(sql))


def _violation(error: Exception, text: str) -> ConstraintViolationError:
    table, constraint, column, detail = (
        str(getattr(error, name, None) or "") for name in ("table_name", "constraint_name", "column_name", "detail")
    )
    if sqlstate(error) == "23503":  # a foreign key may stand on the columns of a unique constraint
        return ConstraintViolationError(text, table=table, constraint=constraint)
    key = _KEY.search(detail)
    if key is not None:
        columns = tuple(name.strip().strip('"') for name in key["columns"].split(","))
    else:
        columns = (column,) if column else ()
    return ConstraintViolationError(text, table=table, columns=columns, constraint=constraint)


def _shown(sql: str) -> str:
    return f"The statement is: {' '.join(sql.split())[:200]}" if sql else ""
