"""Running the application's statements on a connection: which are allowed, guards, and domain errors."""

import re
import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.values import SqlValue, bound_values
from duolog.errors import ConstraintViolationError, StatementError
from duolog.tables.statements import Parameters, Statement

_FIRST_WORD: Final = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|;)*([A-Za-z]*)", re.DOTALL)
_PLAIN: Final = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b(?!.*\bRETURNING\b)", re.IGNORECASE | re.DOTALL)
_NO_CODE: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
_OR_ROLLBACK: Final = re.compile(r"\b(?:INSERT|UPDATE)\s+OR\s+ROLLBACK\b", re.IGNORECASE)
_OURS: Final = frozenset(
    "ABORT ATTACH BEGIN COMMIT DETACH END PRAGMA RELEASE ROLLBACK SAVEPOINT VACUUM".split()  # noqa: SIM905 - one line
)


@lru_cache(maxsize=1024)
def check_allowed(sql: str) -> None:
    """Refuse statements that would change the transaction or the connection, which belong to duolog.

    Raises:
        StatementError: it is one of them.
    """
    first = _FIRST_WORD.match(sql)
    word = first[1].upper() if first else ""
    if word in _OURS:
        message = f"{word} is not allowed here"
        raise StatementError(message, hint="duolog begins and ends transactions and owns the connection's settings.")
    if "rollback" in sql.lower() and _OR_ROLLBACK.search(_NO_CODE.sub(" ", sql)):
        message = "OR ROLLBACK is not allowed here"
        raise StatementError(message, hint="It would undo what others have written; leave it out: OR ABORT is implied.")


def run_statement(connection: sqlite3.Connection, statement: Statement) -> int:
    """Run a writing statement in the open transaction, and return how many rows it changed.

    What it changed stays on an error of its guard; the caller rolls back.

    Raises:
        StaleRowError: it changed another number of rows than it had to.
        ConstraintViolationError: a constraint broke for which it declares no domain error; otherwise that one.
        StatementError: the SQL or its parameters are wrong.
        DatabaseError: the database failed.
    """
    try:
        changed = run_sql(connection, statement.sql, statement.parameters)
    except ConstraintViolationError as violation:
        error = statement.domain_error(violation)
        if error is violation:
            raise
        raise error from violation
    statement.check_rows(changed)
    return changed


def run_sql(connection: sqlite3.Connection, sql: str, parameters: Parameters | None) -> int:
    """Run writing SQL in the open transaction, and return how many rows it changed; errors as `run_statement`."""
    check_allowed(sql)
    return run_bound(connection, sql, bound_values(sql, parameters))


def run_bound(connection: sqlite3.Connection, sql: str, values: Mapping[str, SqlValue]) -> int:
    """Run writing SQL that was checked, with values that are ready, and return how many rows it changed."""
    try:
        cursor = connection.execute(sql, values)
        if cursor.description is not None:
            cursor.fetchall()  # a RETURNING clause writes as it is read
        if cursor.rowcount >= 0:
            return cursor.rowcount
        counted = connection.execute("SELECT changes()").fetchone()  # the driver does not count after WITH ...
    except DRIVER_ERRORS as error:
        raise database_error(error, sql) from error
    return int(counted[0])


def run_many(connection: sqlite3.Connection, sql: str, rows: Sequence[Mapping[str, SqlValue]]) -> None:
    """Run writing SQL that was checked once for each of ``rows``, in order."""
    if len(rows) == 1 or not _PLAIN.match(sql):
        for values in rows:
            run_bound(connection, sql, values)
        return
    try:
        connection.executemany(sql, rows)
    except DRIVER_ERRORS as error:
        raise database_error(error, sql) from error
