"""SQL on the application's own tables in the same transaction as the command's events."""

from collections.abc import Callable
from typing import Any, Protocol

from duolog.errors import StatementError
from duolog.tables.delegated_reads import DelegatedReads
from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import DomainErrors, Parameters, Statement, check_parameters
from duolog.write.unit_of_work import UnitOfWork


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


class UnitWriteDatabase(DelegatedReads):
    """A `WriteDatabase` over one unit of work.

    Args:
        unit: where statements are staged.
    """

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

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
