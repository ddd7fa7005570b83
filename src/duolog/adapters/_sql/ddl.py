"""Creating and dropping tables that others declare."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.statements import check_allowed
from duolog.errors import StatementError, ViewNotEmptyError

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED: Final = ("duolog_", "sqlite_")
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def check_tables(tables: Mapping[str, str]) -> None:
    """Check names and DDL before any of it runs.

    Raises:
        StatementError: a name is not of the form ``[a-z_][a-z0-9_]*`` or is reserved, or the DDL of a table does not
            mention it.
    """
    for table, ddl in tables.items():
        _check_name(table)
        if not re.search(rf"\b{table}\b", _COMMENT.sub(" ", ddl)):
            message = f"the DDL of table {table!r} does not mention it"
            raise StatementError(message, hint=f"Declare it as {{{table!r}: 'CREATE TABLE {table} (...)'}}.")
        for statement in single_statements(ddl):
            check_allowed(statement)


def _check_name(table: str) -> None:
    if not _NAME.fullmatch(table) or table.startswith(_RESERVED):
        message = f"{table!r} cannot be a table's name"
        raise StatementError(message, hint="Use lower-case letters, digits and _; not duolog_... or sqlite_...")


def missing_tables(connection: sqlite3.Connection, tables: Iterable[str]) -> list[str]:
    """Return those of ``tables`` that do not exist."""
    return [table for table in tables if not _exists(connection, table)]


def create_missing(connection: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    """Create the tables that are missing, with their indexes, in the open transaction.

    Raises:
        StatementError: names or DDL are wrong.
        DatabaseError: the database failed.
    """
    check_tables(tables)
    for table in missing_tables(connection, tables):
        for statement in single_statements(tables[table]):
            run_ddl(connection, statement)
        if not _exists(connection, table):
            message = f"the DDL of table {table!r} does not create it"
            raise StatementError(message)


def create_missing_indexes(connection: sqlite3.Connection, indexes: Mapping[str, str]) -> None:
    """Create the indexes, by name, that are missing, in the open transaction.

    Raises:
        StatementError: names or DDL are wrong.
        DatabaseError: the database failed.
    """
    check_tables(indexes)
    for index, ddl in indexes.items():
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = ?", (index,)).fetchone()
        if known is None:
            for statement in single_statements(ddl):
                run_ddl(connection, statement)


def drop_views(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Drop the application's views that exist, in the open transaction, the last one first; names are checked.

    Raises:
        StatementError: a name is wrong, or is a table's.
    """
    for name in reversed(tuple(names)):
        _check_name(name)
        run_ddl(connection, f'DROP VIEW IF EXISTS "{name}"')


def check_empty(connection: sqlite3.Connection, subscription: str, tables: Iterable[str]) -> None:
    """Check that a view which begins finds no rows in tables that exist; the names were checked before.

    Raises:
        ViewNotEmptyError: a table has rows.
    """
    for table in tables:
        statement = f'SELECT EXISTS (SELECT 1 FROM "{table}")'  # noqa: S608 - the name was checked
        if _exists(connection, table) and connection.execute(statement).fetchone()[0]:
            raise ViewNotEmptyError(subscription=subscription, table=table)


def drop_tables(connection: sqlite3.Connection, tables: Iterable[str]) -> None:
    """Drop tables that exist, in the open transaction, the last one first; the names were checked before."""
    for table in reversed(tuple(tables)):
        run_ddl(connection, f'DROP TABLE IF EXISTS "{table}"')


def drop_named(connection: sqlite3.Connection, tables: Sequence[str]) -> None:
    """Drop tables that somebody names, in the open transaction, the last one first.

    Raises:
        StatementError: a name is not that of an application's table, or there is no such table.
        DatabaseError: the database failed.
    """
    for table in tables:
        _check_name(table)
    missing = missing_tables(connection, tables)
    if missing:
        message = f"there is no table {missing[0]!r}"
        raise StatementError(message)
    drop_tables(connection, tables)


def single_statements(ddl: str) -> Iterator[str]:
    """Split DDL into its statements; triggers, texts and comments may contain semicolons."""
    begin = 0
    for end, character in enumerate(ddl, start=1):
        if character == ";" and sqlite3.complete_statement(ddl[begin:end]):
            yield ddl[begin:end].strip()
            begin = end
    rest = ddl[begin:].strip()
    if _COMMENT.sub("", rest).strip(" \n\t\r;"):
        yield rest


def _exists(connection: sqlite3.Connection, table: str) -> bool:
    try:
        return (
            connection.execute(
                "SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?", (table,)
            ).fetchone()
            is not None
        )
    except DRIVER_ERRORS as error:
        raise database_error(error) from error


def run_ddl(connection: sqlite3.Connection, statement: str) -> None:
    """Run a statement that was checked, or is duolog's own.

    Raises:
        StatementError: it is wrong.
        DatabaseError: the database failed.
    """
    try:
        connection.execute(statement)
    except DRIVER_ERRORS as error:
        raise database_error(error, statement) from error
