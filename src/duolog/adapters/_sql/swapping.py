"""Materialized views where the database has none: a table of the select's columns, replaced by one with fresh rows."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duolog.adapters._sql.ddl import create_missing, run_ddl
from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.errors import StatementError
from duolog.projections.materialized_view import Contents
from duolog.subscriptions.share import Share


@dataclass(frozen=True, slots=True)
class FreshRows:
    """What a select has found.

    Attributes:
        columns: its columns.
        rows: their values, as they are stored.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


def create_view(connection: sqlite3.Connection, tables: Mapping[str, str], contents: Contents | None) -> None:
    """Create the tables of a view that are missing, in the open transaction.

    Args:
        connection: in a transaction that writes.
        tables: by the name as it is stored, the DDL; that of a materialized view makes it of its select.
        contents: what a materialized view holds; None for any other view.

    Raises:
        StatementError: names or DDL are wrong, or the select gives no column that the key names.
        DatabaseError: the database failed.
    """
    create_missing(connection, tables)
    if contents is not None:
        for table in tables:
            contents.check_columns([name.lower() for name in _columns(connection, table)])  # names of any case serve


def read_fresh(connection: sqlite3.Connection, contents: Contents) -> FreshRows:
    """Run the select.

    Raises:
        StatementError: it is wrong.
        DatabaseError: the database failed.
    """
    try:
        cursor = connection.execute(contents.select)
        return FreshRows([column[0] for column in cursor.description], cursor.fetchall())
    except DRIVER_ERRORS as error:
        raise database_error(error, contents.select) from error


def swap_table(connection: sqlite3.Connection, table: str, contents: Contents, share: Share, fresh: FreshRows) -> None:
    """Put a table with these rows in the place of another one, in the open transaction, with indexes of its own.

    The new table has the old one's columns. Its indexes have the generation in their names: those of tables that were
    live keep theirs.

    Args:
        connection: in a transaction that writes.
        table: the table's name, as it is stored.
        contents: what the view holds.
        share: whose generation it is.
        fresh: the rows.

    Raises:
        StatementError: the rows have other columns than the table.
        ConstraintViolationError: two rows have one key.
        DatabaseError: the database failed.
    """
    _check_columns(connection, table, fresh)
    new = f"{table}__new"
    columns = ", ".join(f'"{column}"' for column in fresh.columns)
    places = ", ".join("?" for _ in fresh.columns)
    before = connection.execute("PRAGMA legacy_alter_table").fetchone()[0]
    # Otherwise views that read the table would be looked at while it is missing.
    run_ddl(connection, "PRAGMA legacy_alter_table = ON")
    try:
        run_ddl(connection, f'CREATE TABLE "{new}" AS SELECT * FROM "{table}" LIMIT 0')  # noqa: S608 - a checked name
        _insert(connection, f'INSERT INTO "{new}" ({columns}) VALUES ({places})', fresh)  # noqa: S608 - checked names
        run_ddl(connection, f'DROP TABLE "{table}"')
        run_ddl(connection, f'ALTER TABLE "{new}" RENAME TO "{table}"')
    finally:
        run_ddl(connection, f"PRAGMA legacy_alter_table = {before}")
    for number, index in enumerate((contents.key, *contents.indexes)):
        kind = "INDEX" if number else "UNIQUE INDEX"
        name = f"{contents.table}__{number}__g{share.generation}"
        run_ddl(connection, f'CREATE {kind} "{name}" ON "{table}" ({", ".join(index)})')


def _check_columns(connection: sqlite3.Connection, table: str, fresh: FreshRows) -> None:
    there = _columns(connection, table)
    if sorted(there) != sorted(fresh.columns):
        message = f"the select of {table!r} gives {', '.join(fresh.columns)}, but the view has {', '.join(there)}"
        raise StatementError(message, hint="Another select is another version of the materialized view.")


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _insert(connection: sqlite3.Connection, sql: str, fresh: FreshRows) -> None:
    try:
        connection.executemany(sql, fresh.rows)
    except DRIVER_ERRORS as error:
        raise database_error(error, sql) from error
