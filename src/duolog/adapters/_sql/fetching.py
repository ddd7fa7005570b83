"""Reading rows on a connection, as mappings or straight into DTOs."""

import sqlite3
from collections.abc import Sequence
from typing import Any, TypeVar, overload

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.statements import check_allowed
from duolog.adapters._sql.values import bound_values
from duolog.errors import StatementError
from duolog.tables.json_rows import json_rows
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
    return decoded(columns, rows, into)


@overload
def decoded(columns: Sequence[str], rows: Sequence[Sequence[Any]], into: None) -> list[Row]: ...
@overload
def decoded(columns: Sequence[str], rows: Sequence[Sequence[Any]], into: type[T]) -> list[T]: ...
def decoded(columns: Sequence[str], rows: Sequence[Sequence[Any]], into: type[T] | None) -> list[T] | list[Row]:
    """Return rows as DTOs, or as mappings.

    Raises:
        StatementError: two columns have one name, or a row does not fit ``into``.
    """
    if len(set(columns)) != len(columns):
        message = f"two columns have one name: {', '.join(columns)}"
        raise StatementError(message, hint="Give each column its own name with AS.")
    if into is not None:
        return decode_rows(columns, rows, into)
    mappings: list[Row] = [dict(zip(columns, row, strict=True)) for row in rows]
    return mappings


def fetch_for_json(
    connection: sqlite3.Connection, sql: str, parameters: Parameters | None, like: type
) -> Sequence[object]:
    """Run a SELECT and return its rows ready to be encoded as JSON; errors as `fetch_rows`."""
    columns, rows = _select(connection, sql, parameters, -1)
    ready = json_rows(columns, rows, like)
    return decoded(columns, rows, like) if ready is None else ready


class OpenRows:
    """A SELECT whose rows are fetched in batches; its cursor keeps the snapshot until it is closed.

    Args:
        connection: where to run it.
        sql: one statement.
        parameters: a value for each ``:name``.

    Raises:
        StatementError: the SQL or its parameters are wrong.
        ReadOnlyError: the statement writes, and the connection may only read.
        DatabaseError: the database failed.
    """

    __slots__ = ("_columns", "_cursor", "_sql")

    def __init__(self, connection: sqlite3.Connection, sql: str, parameters: Parameters | None) -> None:
        check_allowed(sql)
        self._sql = sql
        try:
            self._cursor = connection.execute(sql, bound_values(sql, parameters))
        except DRIVER_ERRORS as error:
            raise database_error(error, sql) from error
        self._columns = [column[0] for column in self._cursor.description or ()]

    def fetch(self, into: type[Any] | None, size: int) -> list[Any]:
        """Return the next rows, ``size`` at most, as DTOs or as mappings; none at the end.

        Raises:
            StatementError: a row does not fit ``into``.
            DatabaseError: the database failed.
        """
        try:
            rows = self._cursor.fetchmany(size)
        except DRIVER_ERRORS as error:
            raise database_error(error, self._sql) from error
        return decoded(self._columns, rows, into)

    def close(self) -> None:
        """End the statement. May be called twice."""
        self._cursor.close()


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
