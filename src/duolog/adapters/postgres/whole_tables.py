"""Whole tables of the application, row by row, for moving them to another database or from one."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.values import place_value, stored_row
from duolog.errors import StatementError
from duolog.tables.ports import Row

_PAGE: Final = 500


async def other_tables(connection: Connection, schema: str) -> list[str]:
    """Return the names of the tables on the search path that are not duolog's own, sorted."""
    return [row[0] for row in await connection.fetch(load_sql("other_tables", schema), schema)]


async def rows_of(connection: Connection, schema: str, table: str) -> AsyncGenerator[Sequence[Row], None]:
    """Yield the rows of a table, as SQLite would have stored them, in the open transaction.

    Raises:
        StatementError: there is no such table.
    """
    await _check(connection, schema, table)
    sql = f"SELECT * FROM {_quoted(table)}"  # noqa: S608 - a name of the database's own list, quoted
    cursor = await connection.cursor(sql)
    while rows := await cursor.fetch(_PAGE):
        yield [dict(zip(row.keys(), stored_row(tuple(row)), strict=True)) for row in rows]


async def insert_rows(connection: Connection, schema: str, table: str, pages: AsyncIterable[Sequence[Row]]) -> None:
    """Insert rows, all with the same columns, and let what numbers rows go on after them, in the open transaction.

    Raises:
        StatementError: there is no such table or column, or a value does not fit its column.
        ConstraintViolationError: a constraint refuses a row.
    """
    await _check(connection, schema, table)
    async for rows in pages:
        if not rows:
            continue
        columns = tuple(rows[0])
        names, marks = ", ".join(map(_quoted, columns)), ", ".join(f"${at + 1}" for at in range(len(columns)))
        # Numbered rows keep their numbers, also where the table would give them itself.
        sql = f"INSERT INTO {_quoted(table)} ({names}) OVERRIDING SYSTEM VALUE VALUES ({marks})"  # noqa: S608 - as above
        with reported(sql):
            statement = await connection.prepare(sql)
            kinds = [kind.name for kind in statement.get_parameters()]
            values = [
                [place_value(name, row[name], kind) for name, kind in zip(columns, kinds, strict=True)] for row in rows
            ]
            await statement.executemany(values)
    for row in await connection.fetch(load_sql("serial_columns", schema), _quoted(table)):
        last = f"SELECT max({_quoted(row['attname'])}) FROM {_quoted(table)}"  # noqa: S608 - as above
        await connection.execute(f"SELECT setval($1::text::regclass, ({last}))", row["sequence"])


async def _check(connection: Connection, schema: str, table: str) -> None:
    if table not in await other_tables(connection, schema):
        message = f"there is no table {table!r}"
        raise StatementError(message)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
