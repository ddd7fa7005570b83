"""SQLAlchemy's Core statements on a `ReadDatabase`, whose rows become DTOs without a session."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, TypeVar, overload

from sqlalchemy import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from duolog.adapters.sqlalchemy.engine import ScopeEngine
from duolog.errors import StatementError
from duolog.tables.ports import ReadDatabase, Row

T = TypeVar("T")


class CoreReader:
    """Runs SELECTs that are built with SQLAlchemy; otherwise like the `ReadDatabase` behind it.

    A statement is compiled for the database that it runs on, with named parameters, and goes the way of every other
    fetch: the scope's snapshot, duolog's conversion of values, rows straight into DTOs.

    Args:
        db: runs the compiled statements.
        engine: knows the database's dialect.
    """

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: ReadDatabase, engine: ScopeEngine) -> None:
        self._db = db
        self._dialect = engine.naming_dialect

    @overload
    async def fetch(self, statement: Executable) -> Sequence[Row]: ...
    @overload
    async def fetch(self, statement: Executable, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(self, statement: Executable, *, into: type[T] | None = None) -> Sequence[T] | Sequence[Row]:
        """Run a SELECT and return all its rows; see `ReadDatabase.fetch`."""
        sql, parameters = self._compiled(statement)
        if into is None:
            return await self._db.fetch(sql, parameters)
        return await self._db.fetch(sql, parameters, into=into)

    @overload
    async def fetch_one(self, statement: Executable) -> Row | None: ...
    @overload
    async def fetch_one(self, statement: Executable, *, into: type[T]) -> T | None: ...
    async def fetch_one(self, statement: Executable, *, into: type[T] | None = None) -> T | Row | None:
        """Run a SELECT and return its first row, or None."""
        sql, parameters = self._compiled(statement)
        if into is None:
            return await self._db.fetch_one(sql, parameters)
        return await self._db.fetch_one(sql, parameters, into=into)

    @overload
    def stream(self, statement: Executable) -> AsyncGenerator[Row, None]: ...
    @overload
    def stream(self, statement: Executable, *, into: type[T]) -> AsyncGenerator[T, None]: ...
    def stream(
        self, statement: Executable, *, into: type[T] | None = None
    ) -> AsyncGenerator[T, None] | AsyncGenerator[Row, None]:
        """Run a SELECT and give its rows one after another; see `ReadDatabase.stream`."""
        sql, parameters = self._compiled(statement)
        return self._db.stream(sql, parameters) if into is None else self._db.stream(sql, parameters, into=into)

    async def fetch_for_json(self, statement: Executable, *, like: type) -> Sequence[object]:
        """Run a SELECT and return its rows ready to be encoded; see `ReadDatabase.fetch_for_json`."""
        sql, parameters = self._compiled(statement)
        return await self._db.fetch_for_json(sql, parameters, like=like)

    async def fetch_value(self, statement: Executable) -> Any:
        """Run a SELECT and return the first column of its first row, or None."""
        sql, parameters = self._compiled(statement)
        return await self._db.fetch_value(sql, parameters)

    def _compiled(self, statement: Executable) -> tuple[str, Mapping[str, Any]]:
        if not isinstance(statement, ClauseElement):
            message = f"a {type(statement).__name__} is no statement of SQLAlchemy Core"
            raise StatementError(message)
        compiled = statement.compile(dialect=self._dialect, compile_kwargs={"render_postcompile": True})
        if not isinstance(compiled, SQLCompiler) or compiled.isinsert or compiled.isupdate or compiled.isdelete:
            message = "only a SELECT can be fetched"
            raise StatementError(message, hint="Write through the command's AsyncSession or WriteDatabase.")
        return compiled.string, {name: _bound(compiled, name, value) for name, value in compiled.params.items()}


def _bound(compiled: SQLCompiler, name: str, value: object) -> Any:
    """Return a parameter's value as its type wants it, like the name of an Enum's member."""
    # A list in an IN (...) is spread over parameters that are numbered after its own name.
    parameter = compiled.binds.get(name)
    if parameter is None:
        parameter = compiled.binds.get(name.rpartition("_")[0])
    if parameter is None:
        return value
    process = parameter.type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)
    return value if process is None else process(value)
