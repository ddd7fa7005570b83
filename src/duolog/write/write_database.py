"""SQL on the application's own tables in the same transaction as the command's events."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, overload

from duolog.errors import StatementError
from duolog.tables.ports import ReadDatabase, Row
from duolog.tables.statements import DomainErrors, Parameters, Statement, check_parameters
from duolog.write.unit_of_work import UnitOfWork

T = TypeVar("T")


class WriteDatabase(ReadDatabase, Protocol):
    """Reads and writes the application's tables in one command scope; for repositories over tables.

    Writes are buffered until the commit and guarded by row counts; reads see one snapshot from before them.
    """

    async def execute(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        rows: int | None = None,
        key: str = "",
        errors: DomainErrors | None = None,
    ) -> None:
        """Stage a writing statement.

        Args:
            sql: one INSERT, UPDATE or DELETE with ``:name`` parameters.
            parameters: a value for each name.
            rows: how many rows it must change, like 1 for ``... WHERE id = :id AND version = :version``; another
                number at the commit is a conflict, and the command is retried.
            key: what the conflict is fought over; retries of one key take turns.
            errors: the domain error for each constraint that it may break.

        Raises:
            StatementError: parameters are missing or unknown.
            WorkAfterCommitError: ``commit()`` was called before.
        """
        ...

    async def hold_writer(self, *, seconds: float = 1.0) -> None:
        """Take the database's writer, so that fetches see this scope's own writes; others wait meanwhile.

        What was staged before runs now, and `execute` runs its statements at once from here on.

        Args:
            seconds: after so long it is taken back and everything is rolled back.

        Raises:
            DatabaseBusyError: it could not be had in time.
        """
        ...


class UnitWriteDatabase:
    """A `WriteDatabase` over one unit of work.

    Args:
        unit: where statements are staged.
    """

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]: ...
    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> Sequence[T] | Sequence[Row]:
        """Run a SELECT on this scope's snapshot; see `ReadDatabase.fetch`."""
        reader = self._reader()
        return await (reader.fetch(sql, parameters) if into is None else reader.fetch(sql, parameters, into=into))

    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None: ...
    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> T | None: ...
    async def fetch_one(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> T | Row | None:
        """Run a SELECT and return its first row, or None."""
        reader = self._reader()
        if into is None:
            return await reader.fetch_one(sql, parameters)
        return await reader.fetch_one(sql, parameters, into=into)

    async def fetch_value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run a SELECT and return the first column of its first row, or None."""
        return await self._reader().fetch_value(sql, parameters)

    async def execute(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        rows: int | None = None,
        key: str = "",
        errors: DomainErrors | None = None,
    ) -> None:
        """Stage a writing statement; see `WriteDatabase.execute`."""
        values = parameters or {}
        check_parameters(sql, values)
        await self._unit.stage_statement(Statement(sql, values, rows, key, errors or _no_errors()))

    async def hold_writer(self, *, seconds: float = 1.0) -> None:
        """Take the database's writer; see `WriteDatabase.hold_writer`."""
        await self._unit.hold_writer(seconds=seconds)

    def _reader(self) -> ReadDatabase:
        if self._unit.has_buffered_statements:
            message = "this scope has buffered writes that a fetch would not see"
            raise StatementError(
                message, hint="Read before you write, or call `await db.hold_writer()` before the first write."
            )
        return self._unit.reader


def _no_errors() -> dict[Any, Callable[[], Exception]]:
    return {}
