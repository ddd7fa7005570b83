"""About how many rows a condition finds, as the planner sees it."""

from typing import Any, Final

import msgspec

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.statements import Statements
from duolog.tables.statements import Parameters


class _Node(msgspec.Struct):
    rows: float = msgspec.field(name="Plan Rows")


class _Explained(msgspec.Struct):
    plan: _Node = msgspec.field(name="Plan")


_decoder: Final = msgspec.json.Decoder(list[_Explained])


async def estimated_rows(
    connection: Connection, statements: Statements, source: str, where: str, parameters: Parameters | None
) -> int:
    """Return how many rows the planner expects, from statistics and the table's present size.

    Args:
        connection: where to ask.
        statements: runs the statement.
        source: a table or view, in SQL.
        where: a condition with ``:name`` parameters, in SQL.
        parameters: a value for each name.

    Raises:
        StatementError: the SQL or its parameters are wrong.
        DatabaseError: the database failed.
    """
    sql = f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {source} WHERE {where}"  # noqa: S608 - both are the application's
    explained: Any = await statements.fetch_value(connection, sql, parameters)
    return int(_decoder.decode(explained)[0].plan.rows)
