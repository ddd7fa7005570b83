"""What SQLAlchemy takes for a driver of SQLite: connections and cursors over a wire.

Only what SQLAlchemy's engine uses of PEP 249 is there. The errors are duolog's own, which SQLAlchemy passes on as they
are.
"""

import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, NoReturn

from sqlalchemy.util import await_only

from duolog.adapters.sqlalchemy.calls import CallKind, SqlAnswer, SqlCall
from duolog.adapters.sqlalchemy.wires import Wire
from duolog.errors import StatementError

_NOTHING: Final = SqlAnswer()


class WireConnection:
    """A connection; the unit of work, or the query's scope, begins and ends its transaction.

    Args:
        wire: where statements go.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def cursor(self) -> "WireCursor":
        """Return a new cursor."""
        return WireCursor(self.wire)

    def commit(self) -> None:
        """Do nothing: the scope commits."""

    def rollback(self) -> None:
        """Do nothing: the scope rolls back."""

    def close(self) -> None:
        """Do nothing: the scope gives back what it took."""


class WireCursor:
    """A cursor, whose rows are all there when a statement has been executed.

    Args:
        wire: where statements go.
    """

    arraysize = 1

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._answer = _NOTHING
        self._rows: deque[tuple[Any, ...]] = deque()

    @property
    def description(self) -> Sequence[tuple[Any, ...]] | None:
        """The columns, or None if there are none."""
        columns = self._answer.columns
        return [(name, None, None, None, None, None, None) for name in columns] if columns is not None else None

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._answer.changed

    @property
    def lastrowid(self) -> int | None:
        """The last inserted row's id."""
        return self._answer.last_row_id

    def call(self, call: SqlCall) -> None:
        """Run a statement; called in a greenlet of SQLAlchemy's."""
        self._answer = await_only(self._wire.run(call))
        self._rows = deque(self._answer.rows)

    def execute(self, sql: str, parameters: Mapping[str, Any] | Sequence[Any] = ()) -> None:
        """Run a statement of which nothing is known."""
        self.call(SqlCall(sql, (_named(parameters),), CallKind.UNKNOWN))

    def executemany(self, sql: str, parameters: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement for each set of parameters."""
        self.call(SqlCall(sql, parameters, CallKind.WRITE))

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, or None."""
        return self._rows.popleft() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Return the next rows."""
        return [self._rows.popleft() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that are left."""
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def setinputsizes(self, *sizes: object) -> None:
        """Do nothing."""

    async def _async_soft_close(self) -> None:
        """Keep the rows, as SQLAlchemy asks of its asynchronous cursors: nothing else is held."""

    def close(self) -> None:
        """Forget the rows."""
        self._rows.clear()


class WireDriver:
    """What SQLAlchemy takes for the driver's module."""

    paramstyle: ClassVar = "named"
    sqlite_version_info: ClassVar = sqlite3.sqlite_version_info
    sqlite_version: ClassVar = sqlite3.sqlite_version
    Binary: ClassVar = bytes
    Error: ClassVar = sqlite3.Error
    Warning: ClassVar = sqlite3.Warning
    InterfaceError: ClassVar = sqlite3.InterfaceError
    DatabaseError: ClassVar = sqlite3.DatabaseError
    DataError: ClassVar = sqlite3.DataError
    OperationalError: ClassVar = sqlite3.OperationalError
    IntegrityError: ClassVar = sqlite3.IntegrityError
    InternalError: ClassVar = sqlite3.InternalError
    ProgrammingError: ClassVar = sqlite3.ProgrammingError
    NotSupportedError: ClassVar = sqlite3.NotSupportedError

    @staticmethod
    def connect(*_: object, **__: object) -> NoReturn:
        """Refuse: the connections of this driver belong to scopes."""
        raise AssertionError  # the engine is always given the connection of a scope


def _named(parameters: Mapping[str, Any] | Sequence[Any]) -> Mapping[str, Any]:
    if isinstance(parameters, Mapping):
        return parameters
    if parameters:
        message = "parameters are given by position"
        raise StatementError(message, hint="Write `:name` parameters, and give a mapping.")
    return {}
