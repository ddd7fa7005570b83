"""A SELECT whose rows are fetched in batches, by a cursor of the server.

The cursor is declared in SQL: the driver's own needs a named statement, which outlives the transaction and so does not
go through a pooler that gives every transaction another session.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import DRIVER_ERRORS
from duolog.adapters.postgres.statements import Statements
from duolog.tables.statements import Parameters


class OpenRows:
    """One cursor of an open transaction.

    Args:
        statements: binds the statement, and makes its rows into DTOs.
        name: the cursor's; unique in its transaction.
        sql: one SELECT.
    """

    __slots__ = ("_name", "_sql", "_statements")

    def __init__(self, statements: Statements, name: str, sql: str) -> None:
        self._statements = statements
        self._name = name
        self._sql = sql

    async def open(self, connection: Connection, parameters: Parameters | None) -> None:
        """Declare the cursor.

        Raises:
            StatementError: the SQL or its parameters are wrong.
            ReadOnlyError: the statement writes.
            StaleStatementError: the tables were changed; it may be right now.
            DatabaseError: the database failed.
        """
        bound = await self._statements.bind(connection, self._sql, parameters)
        await self._send(connection, f"DECLARE {self._name} NO SCROLL CURSOR FOR {bound.statement.text}", *bound.values)

    async def fetch(self, connection: Connection, into: type[Any] | None, size: int) -> list[Any]:
        """Return the next rows, ``size`` at most, as DTOs or as mappings; none at the end.

        Raises:
            StatementError: a row does not fit ``into``.
            TimeLimitExceededError: it took too long.
            DatabaseError: the database failed.
        """
        rows = await self._send(connection, f"FETCH FORWARD {int(size)} FROM {self._name}")
        return self._statements.decoded(self._sql, rows, into)

    async def close(self, connection: Connection) -> None:
        """End the cursor."""
        await self._send(connection, f"CLOSE {self._name}")

    async def _send(self, connection: Connection, sql: str, *values: object) -> Sequence[asyncpg.Record]:
        try:
            # Unnamed, each time anew: what FETCH returns is another cursor's the next time.
            prepared = await connection.prepare(sql, name="")
            return await prepared.fetch(*values)
        except DRIVER_ERRORS as error:
            raise await self._statements.failure(connection, (self._sql,), error) from None
