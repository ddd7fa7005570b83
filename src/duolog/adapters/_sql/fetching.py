"""Reading rows on a connection, as mappings or straight into DTOs."""

import sqlite3
from collections.abc import Sequence
from typing import Any, TypeVar, overload

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.statements import check_allowed
from duolog.adapters._sql.values import bound_values
from duolog.errors import StatementError
from duolog.tables.ports import Row
from duolog.tables.rows import decode_rows
from duolog.tables.statements import Parameters

T = TypeVar("T")


@overload
def fetch_rows(
    connection: sqlite3.Connection, sql: str, parameters: Parameters | None, into: None, *, most: int = ...
) -> list[Row]: ...
@overload
def fetch_rows(
    connection: sqlite3.Connection, sql: str, parameters: Parameters | None, into: type[T], *, most: int = ...
) -> list[T]: ...
def fetch_rows(
    connection: sqlite3.Connection, sql: str, parameters: Parameters | None, into: type[T] | None, *, most: int = -1
) -> list[T] | list[Row]:
    """Run a SELECT and return its rows.

    Args:
        connection: where to run it.
        sql: one statement.
        parameters: a value for each ``:name``.
        into: decode each row into this DTO; None gives mappings.
        most: read at most so many rows; -1 for all.

    Raises:
        StatementError: the SQL or its parameters are wrong, or a row does not fit ``into``.
        ReadOnlyError: the statement writes, and the connection may only read.
        DatabaseError: the database failed.
    """
    columns, rows = _select(connection, sql, parameters, most)
    if len(set(columns)) != len(columns):
        message = f"two columns have one name: {', '.join(columns)}"
        raise StatementError(message, hint="Give each column its own name with AS.")
    if into is not None:
        return decode_rows(columns, rows, into)
    mappings: list[Row] = [dict(zip(columns, row, strict=True)) for row in rows]
    return mappings


def fetch_value(connection: sqlite3.Connection, sql: str, parameters: Parameters | None) -> Any:
    """Run a SELECT and return the first column of its first row, or None; errors as `fetch_rows`."""
    _, rows = _select(connection, sql, parameters, 1)
    return rows[0][0] if rows else None


def _select(
    connection: sqlite3.Connection, sql: str, parameters: Parameters | None, most: int
) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
    check_allowed(sql)
    values = bound_values(sql, parameters)
    try:
        cursor = connection.execute(sql, values)
        try:
            rows = cursor.fetchall() if most < 0 else cursor.fetchmany(most)
            columns = [column[0] for column in cursor.description or ()]
        finally:
            cursor.close()  # a half-read statement would keep its snapshot
    except DRIVER_ERRORS as error:
        raise database_error(error, sql) from error
    return columns, rows
