"""Whole tables of the application, row by row, for moving them to another database."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.generation_tables import is_set_apart
from duolog.adapters._sql.values import stored_value
from duolog.errors import StatementError
from duolog.tables.ports import Row

_PAGE: Final = 500
_OTHERS: Final = (
    "SELECT name FROM sqlite_master WHERE type = 'table' "
    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'duolog\\_%' ESCAPE '\\'"
)


def other_tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables that are not duolog's own, nor of a generation that is not live, sorted."""
    return sorted(str(name) for (name,) in connection.execute(_OTHERS) if not is_set_apart(str(name)))


def begin_rows(connection: sqlite3.Connection, table: str) -> sqlite3.Cursor:
    """Begin to read all rows of a table.

    Raises:
        StatementError: there is no such table.
    """
    if table not in other_tables(connection):
        raise _missing(table)
    return connection.execute(f"SELECT * FROM {_quoted(table)}")  # noqa: S608 - a name of the table's own list, quoted


def next_rows(cursor: sqlite3.Cursor) -> list[Row]:
    """Return the next rows; none at the end."""
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchmany(_PAGE)]


def insert_rows(connection: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows, all with the same columns, in the open transaction.

    Raises:
        StatementError: there is no such table or column, or a value cannot be stored.
        ConstraintViolationError: a constraint refuses a row.
    """
    if table not in other_tables(connection):
        raise _missing(table)
    if not rows:
        return
    columns = tuple(rows[0])
    names, marks = ", ".join(map(_quoted, columns)), ", ".join("?" * len(columns))
    sql = f"INSERT INTO {_quoted(table)} ({names}) VALUES ({marks})"  # noqa: S608 - as above
    values = [[stored_value(column, row[column]) for column in columns] for row in rows]
    try:
        connection.executemany(sql, values)
    except DRIVER_ERRORS as error:
        raise database_error(error) from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _missing(table: str) -> StatementError:
    message = f"there is no table {table!r}"
    return StatementError(message)
