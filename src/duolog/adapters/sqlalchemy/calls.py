"""A statement as SQLAlchemy sends it to a database on sqlite3, and what comes back."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.statements import check_allowed
from duolog.adapters._sql.values import bound_values


class CallKind(Enum):
    """What a statement does."""

    READ = "read"
    """It reads."""

    UNKNOWN = "unknown"
    """It is text: whether it writes is for the database to say."""

    WRITE = "write"
    """It writes, and whoever sent it looks at the outcome: rows, a row count, a generated key."""

    STAGED = "staged"
    """It writes, and its outcome is known before: one row for each set of parameters."""


@dataclass(frozen=True, slots=True)
class SqlCall:
    """One statement.

    Attributes:
        sql: SQL with ``:name`` parameters.
        rows: sets of parameters; the statement runs once for each.
        kind: what it does.
        guarded: whether each run must change one row; another number is a conflict.
        key: what such a conflict is fought over.
    """

    sql: str
    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    kind: CallKind = CallKind.UNKNOWN
    guarded: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """What a statement answered.

    Attributes:
        columns: the columns' names; None if it returns no rows.
        rows: the rows.
        changed: how many rows it changed; -1 if it changes none.
        last_row_id: the last row's id that it inserted; None if it inserted none.
    """

    columns: tuple[str, ...] | None = None
    rows: Sequence[tuple[Any, ...]] = field(default=(), repr=False)
    changed: int = -1
    last_row_id: int | None = None


def run_call(connection: sqlite3.Connection, call: SqlCall) -> SqlAnswer:
    """Run a statement once for each of its sets of parameters.

    Raises:
        StatementError: the SQL or its parameters are wrong, or it would change the transaction.
        ReadOnlyError: it writes, and the connection may only read.
        ConstraintViolationError: a constraint broke.
        DatabaseError: the database failed.
    """
    check_allowed(call.sql)
    answer, changed = SqlAnswer(), 0
    for row in call.rows:
        values = bound_values(call.sql, row)
        try:
            cursor = connection.execute(call.sql, values)
            try:
                rows = cursor.fetchall()
                columns = tuple(column[0] for column in cursor.description) if cursor.description else None
                changed += max(cursor.rowcount, 0)
                answer = SqlAnswer(columns, rows, cursor.rowcount, cursor.lastrowid)
            finally:
                cursor.close()  # a half-read statement would keep its snapshot
        except DRIVER_ERRORS as error:
            raise database_error(error, call.sql) from error
    return answer if len(call.rows) == 1 else SqlAnswer(changed=changed)
