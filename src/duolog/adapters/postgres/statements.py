"""The application's statements on a connection: ``:name`` becomes ``$n``, values fit their places, rows become DTOs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, overload

import asyncpg

from duolog.adapters.postgres.compiled_statements import MOST_SHAPES, Compiled, compile_statement
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error, sqlstate
from duolog.adapters.postgres.row_sets import execute_sets, row_set
from duolog.adapters.postgres.values import (
    TEXT_KINDS,
    aware_row,
    place_value,
    place_values,
    plain_value,
    stored_row,
)
from duolog.errors import ConstraintViolationError, DatabaseError, DuologError, StatementError
from duolog.tables.json_rows import json_rows
from duolog.tables.ports import Row
from duolog.tables.rows import decode_rows
from duolog.tables.statements import Parameters, Statement, check_parameters

T = TypeVar("T")

_TIMES: Final = frozenset({"timestamp", "timestamptz"})
# A statement that was right before the tables changed, by what it fails with then.
_STALE: Final = frozenset({"0A000", "42804", "42883", "42P18", "XX000"})


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement with values that fit its places, ready to be sent.

    Attributes:
        statement: the statement.
        places: the types of its parameters' places, by number.
        values: by number; never shown.
    """

    statement: Compiled
    places: tuple[str, ...]
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the server says of a statement.

    Attributes:
        places: the types of its parameters' places, by number.
        times: which of its columns hold times.
    """

    places: tuple[str, ...]
    times: tuple[int, ...]


class StaleStatementError(DatabaseError):
    """A statement failed that was right before the tables changed; what was known of it is forgotten, so try again.

    If it fails again, its own error is raised.

    Attributes:
        failure: its own error.
    """

    def __init__(self, failure: DuologError) -> None:
        super().__init__(failure.message, hint=failure.hint)
        self.failure = failure


class Statements:
    """Runs the application's statements; one object serves all connections of a database.

    The types of a statement's places are asked for once, in a round trip of its own, and kept by its text, 1,024 at
    most. They are asked for again when the tables have changed.
    """

    __slots__ = ("_doubted", "_shapes")

    def __init__(self) -> None:
        self._shapes: dict[str, Shape] = {}
        self._doubted: set[str] = set()  # forgotten, and not yet right again

    @overload
    async def fetch(
        self, connection: Connection, sql: str, parameters: Parameters | None, into: None, *, most: int = ...
    ) -> list[Row]: ...
    @overload
    async def fetch(
        self, connection: Connection, sql: str, parameters: Parameters | None, into: type[T], *, most: int = ...
    ) -> list[T]: ...
    async def fetch(
        self, connection: Connection, sql: str, parameters: Parameters | None, into: type[T] | None, *, most: int = -1
    ) -> list[T] | list[Row]:
        """Run a SELECT and return its rows.

        Args:
            connection: where to run it.
            sql: one statement.
            parameters: a value for each ``:name``.
            into: decode each row into this DTO; None gives mappings, of the values that SQLite would give.
            most: read at most so many rows; -1 for all.

        Raises:
            StatementError: the SQL or its parameters are wrong, or a row does not fit ``into``.
            ReadOnlyError: the statement writes, and the transaction may only read.
            TimeLimitExceededError: it took too long.
            StaleStatementError: the tables were changed; it may be right now.
            DatabaseError: the database failed.
        """
        rows = await self._select(connection, sql, parameters, most)
        return self.decoded(sql, rows, into)

    @overload
    def decoded(self, sql: str, rows: Sequence[asyncpg.Record], into: None) -> list[Row]: ...
    @overload
    def decoded(self, sql: str, rows: Sequence[asyncpg.Record], into: type[T]) -> list[T]: ...
    def decoded(self, sql: str, rows: Sequence[asyncpg.Record], into: type[T] | None) -> list[T] | list[Row]:
        """Return a statement's rows as DTOs, or as mappings of the values that SQLite would give.

        Raises:
            StatementError: a row does not fit ``into``.
        """
        if not rows:
            return []
        columns = tuple(rows[0].keys())
        if into is None:
            mappings: list[Row] = [dict(zip(columns, map(plain_value, row.values()), strict=True)) for row in rows]
            return mappings
        try:
            return decode_rows(columns, self._aware(sql, rows), into)
        except StatementError:
            # The DTO may ask for what is stored, like str for a UUID: as SQLite would have given it.
            return decode_rows(columns, [stored_row(tuple(row.values())) for row in rows], into)

    async def fetch_for_json(
        self, connection: Connection, sql: str, parameters: Parameters | None, like: type
    ) -> Sequence[object]:
        """Run a SELECT and return its rows ready to be encoded as JSON; errors as `fetch`."""
        rows = await self._select(connection, sql, parameters, -1)
        ready = json_rows(tuple(rows[0].keys()), self._aware(sql, rows), like) if rows else []
        return self.decoded(sql, rows, like) if ready is None else ready

    def _aware(self, sql: str, rows: Sequence[asyncpg.Record]) -> Sequence[Iterable[Any]]:
        times = self._shapes[sql].times if sql in self._shapes else ()
        return [aware_row(row, times) for row in rows] if times else rows

    async def fetch_value(self, connection: Connection, sql: str, parameters: Parameters | None) -> Any:
        """Run a SELECT and return the first column of its first row, or None; errors as `fetch`."""
        rows = await self._select(connection, sql, parameters, 1)
        return plain_value(rows[0][0]) if rows else None

    async def run(self, connection: Connection, statement: Statement) -> int:
        """Run a writing statement in the open transaction, and return how many rows it changed.

        What it changed stays on an error of its guard; the caller rolls back.

        Raises:
            StaleRowError: it changed another number of rows than it had to.
            ConstraintViolationError: a constraint broke for which it declares no domain error; otherwise that one.
            StatementError: the SQL or its parameters are wrong.
            DatabaseError: the database failed.
        """
        try:
            changed = await self.execute(connection, statement.sql, statement.parameters)
        except ConstraintViolationError as violation:
            error = statement.domain_error(violation)
            if error is violation:
                raise
            raise error from violation
        statement.check_rows(changed)
        return changed

    async def execute(self, connection: Connection, sql: str, parameters: Parameters | None) -> int:
        """Run a writing statement in the open transaction, and return how many rows it changed; errors as `run`."""
        bound = await self.bind(connection, sql, parameters)
        try:
            if bound.values:
                status = await connection.execute(bound.statement.text, *bound.values)
            else:  # without values the driver would take several statements at once
                prepared = await connection.prepare(bound.statement.text, name="")
                await prepared.fetch()
                status = prepared.get_statusmsg() or ""
        except DRIVER_ERRORS as error:
            raise await self.failure(connection, (sql,), error) from None
        self._doubted.discard(sql)
        return _changed_rows(status)

    async def execute_many(self, connection: Connection, sql: str, rows: Sequence[Parameters]) -> None:
        """Run a writing statement once for each of ``rows``, in order and in one go; errors as `run`.

        Where that has the same effect, it is one statement for many rows, see `row_set`.
        """
        compiled = compile_statement(sql)
        if len(rows) == 1 or not compiled.names:
            for row in rows:
                await self.execute(connection, sql, row)
            return
        places = (await self._shape(connection, compiled)).places
        columns = [
            place_values(name, [row[name] for row in rows], kind)
            for name, kind in zip(compiled.names, places, strict=True)
        ]
        rewritten = row_set(sql) if TEXT_KINDS.issuperset(places) else None
        runs = None if rewritten is None else rewritten.runs(columns)
        try:
            if rewritten is None or runs is None:
                await connection.executemany(compiled.text, zip(*columns, strict=True))
            else:
                await execute_sets(connection, compiled.text, rewritten.text(places), columns, runs)
        except DRIVER_ERRORS as error:
            raise await self.failure(connection, (sql,), error) from None
        self._doubted.discard(sql)

    async def failure(self, connection: Connection, sqls: Iterable[str], error: Exception) -> DuologError:
        """Return the error of duolog for what the driver raised; raise it ``from None``.

        Where tables may have changed since the statements were prepared, what is known of them is forgotten.

        Args:
            connection: where they ran.
            sqls: the statements that were sent.
            error: one of `DRIVER_ERRORS`.

        Returns:
            `StaleStatementError` if it is worth to try again from before the statements, else the statement's error.
        """
        texts = tuple(sqls)
        reported = database_error(error, texts[0] if len(texts) == 1 else "")
        if sqlstate(error) not in _STALE:
            return reported
        known = [sql for sql in texts if self._shapes.pop(sql, None) is not None and sql not in self._doubted]
        self._doubted.difference_update(texts)
        if not known or connection.is_closed():
            return reported
        self._doubted.update(known)
        await connection.reload_schema_state()
        return StaleStatementError(reported)

    async def _select(
        self, connection: Connection, sql: str, parameters: Parameters | None, most: int
    ) -> list[asyncpg.Record]:
        bound = await self.bind(connection, sql, parameters)
        try:
            if most == 1:
                row = await connection.fetchrow(bound.statement.text, *bound.values)
                rows = [] if row is None else [row]
            else:
                rows = await connection.fetch(bound.statement.text, *bound.values)
        except DRIVER_ERRORS as error:
            raise await self.failure(connection, (sql,), error) from None
        self._doubted.discard(sql)
        return rows

    async def bind(self, connection: Connection, sql: str, parameters: Parameters | None) -> Bound:
        """Make a statement and its values ready to be sent.

        Raises:
            StatementError: the SQL or its parameters are wrong.
            DatabaseError: the database failed.
        """
        compiled = compile_statement(sql)
        given: Parameters = {} if parameters is None else parameters
        check_parameters(sql, given)
        shape = await self._shape(connection, compiled)
        return Bound(compiled, shape.places, _values(compiled, given, shape.places))

    async def _shape(self, connection: Connection, compiled: Compiled) -> Shape:
        known = self._shapes.get(compiled.sql)
        if known is not None:
            return known
        try:
            prepared = await connection.prepare(compiled.text, name="")
        except DRIVER_ERRORS as error:
            raise database_error(error, compiled.sql) from None
        columns = prepared.get_attributes()
        names = [column.name for column in columns]
        if len(set(names)) != len(names):
            message = f"two columns have one name: {', '.join(names)}"
            raise StatementError(message, hint="Give each column its own name with AS.")
        times = tuple(at for at, column in enumerate(columns) if column.type.name in _TIMES)
        shape = Shape(tuple(place.name for place in prepared.get_parameters()), times)
        while len(self._shapes) >= MOST_SHAPES:
            del self._shapes[next(iter(self._shapes))]
        self._shapes[compiled.sql] = shape
        return shape


def _values(compiled: Compiled, given: Mapping[str, Any], places: Sequence[str]) -> tuple[object, ...]:
    return tuple([place_value(name, given[name], kind) for name, kind in zip(compiled.names, places, strict=True)])


def _changed_rows(status: str) -> int:
    """Return the count at the end of a command's tag, like ``UPDATE 3``; 0 if there is none."""
    count = status.rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
