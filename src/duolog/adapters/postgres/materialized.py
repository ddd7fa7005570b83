"""Materialized views: how one is made, refreshed beside its readers, and dropped.

PostgreSQL ties a materialized view to the very tables that its query names, and a projection's table is another one
after every switch. So the query is that of a function, whose body is looked at anew at each refresh: it reads what has
the name then. So, too, the view is made at once, and begins empty: the function gets its body behind that.
"""

from typing import Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.ddl import check_name, quoted
from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error, reported, sqlstate
from duolog.adapters.postgres.generations import generation_schema
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import ConstraintViolationError
from duolog.projections.materialized_view import Contents

_REFRESH_SECONDS: Final = 86_400.0
_TWO_ROWS_OF_ONE_KEY: Final = "21000"
_SHAPE: Final = "duolog_shape"
_SETTINGS: Final = "SET search_path FROM CURRENT SET timezone = 'UTC' SET datestyle = 'ISO'"
"""Whoever refreshes, with whatever settings of the session, finds the same rows."""


async def create_materialized(
    connection: Connection, schema: str, subscription: str, number: int, contents: Contents
) -> None:
    """Create the materialized view of a generation, empty, where the search path leads first.

    Args:
        connection: in a transaction.
        schema: of duolog's own tables.
        subscription: the view's name.
        number: the generation's number.
        contents: what it is to hold.

    Raises:
        StatementError: the select is wrong, or gives no column that the key names.
        DatabaseError: the database failed.
    """
    check_name(contents.table)
    name = f"{quoted(schema)}.{quoted(generation_schema(schema, subscription, number))}"
    with reported(contents.select):
        none = f"SELECT * FROM ({contents.select}) AS contents LIMIT 0"  # noqa: S608 - declared by the application
        await connection.execute(f"CREATE TEMP TABLE {_SHAPE} AS {none}")
        ((columns, names),) = await connection.fetch(load_sql("columns_of", schema), f"pg_temp.{_SHAPE}")
        contents.check_columns(names)
        await connection.execute(f"DROP TABLE pg_temp.{_SHAPE}")
        await drop_contents(connection, schema, subscription, number)
        declared = f"FUNCTION {name}() RETURNS TABLE ({columns}) LANGUAGE sql STABLE {_SETTINGS}"
        await connection.execute(f"CREATE {declared} AS {_text(none)}")
        await connection.execute(f"CREATE MATERIALIZED VIEW {quoted(contents.table)} AS SELECT * FROM {name}()")  # noqa: S608 - checked names
        for place, index in enumerate((contents.key, *contents.indexes)):
            kind = "INDEX" if place else "UNIQUE INDEX"
            await connection.execute(f"CREATE {kind} ON {quoted(contents.table)} ({', '.join(map(quoted, index))})")
        await connection.execute(f"CREATE OR REPLACE {declared} AS {_text(contents.select)}")


async def refresh_materialized(connection: Connection, contents: Contents) -> None:
    """Replace the rows while others read them, in the open transaction; for as long as it takes.

    Raises:
        ConstraintViolationError: two rows have one key.
        StatementError: the select fails, or gives other columns than the view has.
        DatabaseError: the database failed.
    """
    with reported():
        await connection.execute("SET LOCAL statement_timeout = 0")
    statement = f"REFRESH MATERIALIZED VIEW CONCURRENTLY {quoted(contents.table)}"
    try:
        await connection.execute(statement, timeout=_REFRESH_SECONDS)
    except DRIVER_ERRORS as error:
        if sqlstate(error) == _TWO_ROWS_OF_ONE_KEY:
            message = f"two rows of materialized view {contents.table!r} have one key"
            raise ConstraintViolationError(message, table=contents.table, columns=contents.key) from None
        raise database_error(error, statement) from error


async def drop_contents(connection: Connection, schema: str, subscription: str, number: int) -> None:
    """Drop the function of a generation that has none, or whose view is gone; of others it stays."""
    name = generation_schema(schema, subscription, number)
    with reported():
        if await connection.fetchval(load_sql("function_is_free", schema), schema, name):
            await connection.execute(f"DROP FUNCTION {quoted(schema)}.{quoted(name)}()")


def _text(text: str) -> str:
    """Return a text as SQL writes it, whatever it holds."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
