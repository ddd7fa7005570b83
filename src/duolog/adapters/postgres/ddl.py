"""Creating and dropping tables that others declare, on the connection's search path."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.sql_scripts import check_allowed, single_statements
from duolog.errors import StatementError, ViewNotEmptyError
from duolog.tables.sql_tokens import Kind, sql_tokens

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_RESERVED: Final = ("pg_", "duolog_", "sqlite_")


def check_tables(tables: Mapping[str, str]) -> None:
    """Check names and DDL before any of it runs.

    Raises:
        StatementError: a name is not of the form ``[a-z_][a-z0-9_]*``, is too long or is reserved, or the DDL of a
            table does not mention it.
    """
    for table, ddl in tables.items():
        check_name(table)
        code = " ".join(text for kind, text in sql_tokens(ddl) if kind is not Kind.BLANK)
        if not re.search(rf"\b{table}\b", code, re.IGNORECASE):
            message = f"the DDL of table {table!r} does not mention it"
            raise StatementError(message, hint=f"Declare it as {{{table!r}: 'CREATE TABLE {table} (...)'}}.")
        for statement in single_statements(ddl):
            check_allowed(statement)


def check_name(table: str) -> None:
    """Check the name of a table or a view.

    Raises:
        StatementError: it is not of the form ``[a-z_][a-z0-9_]*``, is too long or is reserved.
    """
    if not _NAME.fullmatch(table) or table.startswith(_RESERVED):
        message = f"{table!r} cannot be a table's name"
        hint = f"Use lower-case letters, digits and _, 63 at most; not {'..., '.join(_RESERVED)}..."
        raise StatementError(message, hint=hint)


async def lock_tables(connection: Connection, schema: str) -> None:
    """Wait until nobody else creates or drops tables, in this process or another one, to the end of the transaction."""
    with reported():
        await connection.execute(load_sql("lock_tables", schema), schema)


async def missing_tables(connection: Connection, schema: str, tables: Iterable[str]) -> list[str]:
    """Return those of ``tables`` that do not exist."""
    with reported():
        rows = await connection.fetch(load_sql("missing_tables", schema), list(tables))
    return [row["name"] for row in rows]


async def create_missing(connection: Connection, schema: str, tables: Mapping[str, str]) -> None:
    """Create the tables that are missing, with their indexes, in the open transaction; they were checked before.

    Raises:
        StatementError: the DDL is wrong.
        DatabaseError: the database failed.
    """
    missing = await missing_tables(connection, schema, tables)
    for table in missing:
        for statement in single_statements(tables[table]):
            with reported(statement):
                await connection.execute(statement)
    for table in await missing_tables(connection, schema, missing):
        message = f"the DDL of table {table!r} does not create it"
        raise StatementError(message)


async def run_all(connection: Connection, ddl: Mapping[str, str], *, seconds: float | None = None) -> None:
    """Run DDL that creates something by name, in the open transaction.

    Args:
        connection: in a transaction.
        ddl: by name.
        seconds: how long a statement may take; None for the connection's limit.

    Raises:
        StatementError: a name or the DDL is wrong.
        DatabaseError: the database failed.
    """
    check_tables(ddl)
    for text in ddl.values():
        for statement in single_statements(text):
            with reported(statement):
                await connection.execute(statement, timeout=seconds)


async def drop_views(connection: Connection, schema: str, names: Iterable[str]) -> None:
    """Drop the application's views that exist, in the open transaction, the last one first.

    Raises:
        StatementError: a name is wrong, or is that of something else.
        DatabaseError: the database failed, or something hangs on a view.
    """
    for name in reversed(tuple(names)):
        check_name(name)
        with reported():
            kind = await connection.fetchval(load_sql("relation_kind", schema), name)
            if kind is not None:
                what = "MATERIALIZED VIEW" if kind == "m" else "VIEW"
                await connection.execute(f'DROP {what} "{name}"')


async def check_empty(connection: Connection, schema: str, subscription: str, tables: Sequence[str]) -> None:
    """Check that a view which begins finds no rows in tables that exist; the names were checked before.

    Raises:
        ViewNotEmptyError: a table has rows.
        DatabaseError: the database failed.
    """
    missing = await missing_tables(connection, schema, tables)
    for table in tables:
        if table not in missing:
            statement = f'SELECT EXISTS (SELECT FROM "{table}")'  # noqa: S608 - the name was checked
            with reported(statement):
                if await connection.fetchval(statement):
                    raise ViewNotEmptyError(subscription=subscription, table=table)


async def drop_tables(connection: Connection, schema: str, tables: Iterable[str]) -> None:
    """Drop tables and materialized views that exist, the last one first; the names were checked before.

    Args:
        connection: in a transaction.
        schema: of duolog's own tables.
        tables: their names.
    """
    for table in reversed(tuple(tables)):
        with reported():
            kind = await connection.fetchval(load_sql("relation_kind", schema), table)
        what = "MATERIALIZED VIEW" if kind == "m" else "TABLE"
        statement = f'DROP {what} IF EXISTS "{table}"'
        with reported(statement):
            await connection.execute(statement)


async def drop_named(connection: Connection, schema: str, tables: Sequence[str]) -> None:
    """Drop tables that somebody names, in the open transaction, the last one first.

    Raises:
        StatementError: a name is not that of an application's table, or there is no such table.
        DatabaseError: the database failed.
    """
    for table in tables:
        check_name(table)
    missing = await missing_tables(connection, schema, tables)
    if missing:
        message = f"there is no table {missing[0]!r}"
        raise StatementError(message)
    await drop_tables(connection, schema, tables)


async def begin_apart(connection: Connection, schema: str, apart: str) -> None:
    """Make a schema, and let the search path begin with it to the end of the transaction.

    Args:
        connection: in a transaction.
        schema: of duolog's own tables.
        apart: the new schema.

    Raises:
        StatementError: the user may not create schemas.
        DatabaseError: the database failed.
    """
    statement = f"CREATE SCHEMA {quoted(apart)}"
    with reported(statement):
        await connection.execute(statement)
        await connection.execute(load_sql("put_first_on_path", schema), apart)


async def create_apart(connection: Connection, schema: str, apart: str, tables: Mapping[str, str]) -> None:
    """Create tables, which were checked, in a schema that the search path begins with, in the open transaction.

    Args:
        connection: in a transaction.
        schema: of duolog's own tables.
        apart: the schema.
        tables: by name, the DDL.

    Raises:
        StatementError: the DDL is wrong, or makes a table elsewhere.
        DatabaseError: the database failed.
    """
    for ddl in tables.values():
        for statement in single_statements(ddl):
            with reported(statement):
                await connection.execute(statement)
    with reported():
        missing = await connection.fetch(load_sql("missing_from_schema", schema), apart, list(tables))
    if missing:
        message = f"the DDL of table {missing[0]['name']!r} does not create it on the search path"
        raise StatementError(message, hint="Write the table's name alone: a rebuild has tables of its own.")


async def drop_apart(connection: Connection, apart: str) -> None:
    """Drop a schema of tables that were created apart, if there is one, in the open transaction."""
    statement = f"DROP SCHEMA IF EXISTS {quoted(apart)} CASCADE"
    with reported(statement):
        await connection.execute(statement)


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
