"""What the statements of one session go through, on the databases that run on sqlite3.

A command's session reads one snapshot and writes when it is committed: the statements of its last flush are staged in
the unit of work, so that they go through the writer's queue with everybody else's, and nobody holds the writer while a
handler awaits. The writer is taken, under a time limit, where the outcome of a statement is looked at: a flush that the
handler asks for, a writing statement that it executes, a key or a default that the database makes.
"""

from functools import partial
from typing import Protocol

from duolog.adapters._sql.reading import Reading, Writing
from duolog.adapters.sqlalchemy.calls import CallKind, SqlAnswer, SqlCall, run_call
from duolog.errors import ConfigurationError, ConstraintViolationError, ReadOnlyError, StaleRowError, StatementError
from duolog.tables.ports import ReadSession
from duolog.tables.statements import DomainErrors, Statement
from duolog.write.unit_of_work import UnitOfWork


class Wire(Protocol):
    """Runs the statements of one session."""

    async def run(self, call: SqlCall) -> SqlAnswer:
        """Run one statement.

        Raises:
            DatabaseError: the database refused or failed.
            ConflictError: it changed another number of rows than it had to.
            Exception: the domain error that is declared for a broken constraint.
        """
        ...


class QueryWire:
    """A `Wire` that only reads.

    Args:
        session: the query's snapshot.
    """

    __slots__ = ("_session",)

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def run(self, call: SqlCall) -> SqlAnswer:
        """Run a statement in the query's snapshot, where the database refuses writes; see `Wire.run`."""
        return await _reading(self._session).read(partial(run_call, call=call))


class UnitWire:
    """A `Wire` into one unit of work.

    Args:
        unit: the unit of work.
        errors: the domain error for each constraint.
        seconds: for how long the writer is held, once it is taken.

    Attributes:
        is_last_flush: whether the unit is being committed, so that nobody looks at what is written any more.
    """

    __slots__ = ("_errors", "_seconds", "_unit", "is_last_flush")

    def __init__(self, unit: UnitOfWork, errors: DomainErrors, *, seconds: float) -> None:
        self._unit = unit
        self._errors = errors
        self._seconds = seconds
        self.is_last_flush = False

    async def run(self, call: SqlCall) -> SqlAnswer:
        """Run a statement, or stage it; see `Wire.run`."""
        unit = self._unit
        if call.kind is CallKind.STAGED and self.is_last_flush and unit.held_writer is None:
            return await self._stage(call)
        if call.kind in (CallKind.WRITE, CallKind.STAGED):
            await unit.hold_writer(seconds=self._seconds)
        elif unit.held_writer is None:
            answer = await self._read(call)
            if answer is not None:
                return answer
            await unit.hold_writer(seconds=self._seconds)
        return await self._write(call)

    async def _read(self, call: SqlCall) -> SqlAnswer | None:
        """Run a statement in the unit's snapshot; None if it must be run on the writer."""
        if not self._unit.has_buffered_statements:
            try:
                return await _reading(self._unit.reader).read(partial(run_call, call=call))
            except ReadOnlyError:
                if call.kind is CallKind.READ:
                    raise
        elif not self.is_last_flush:
            message = "this scope has buffered writes that a SELECT would not see"
            raise StatementError(
                message, hint="Read before you write, or call `await db.hold_writer()` before the first write."
            )
        return None

    async def _stage(self, call: SqlCall) -> SqlAnswer:
        rows = 1 if call.guarded else None
        for values in call.rows:
            await self._unit.stage_statement(Statement(call.sql, values, rows, call.key, self._errors))
        return SqlAnswer(changed=len(call.rows))

    async def _write(self, call: SqlCall) -> SqlAnswer:
        writer: object = self._unit.held_writer
        if not isinstance(writer, Writing):
            raise _unfit(writer)
        try:
            answer = await writer.write(partial(run_call, call=call))
        except ConstraintViolationError as violation:
            error = Statement(call.sql, errors=self._errors).domain_error(violation)
            if error is violation:
                raise
            raise error from violation
        if call.guarded and answer.changed != len(call.rows):
            raise StaleRowError(key=call.key, expected=len(call.rows), actual=answer.changed)
        return answer


def _reading(session: object) -> Reading:
    if not isinstance(session, Reading):
        raise _unfit(session)
    return session


def _unfit(session: object) -> ConfigurationError:
    message = f"SQLAlchemy's sessions cannot run on a {type(session).__name__}"
    return ConfigurationError(message, hint="Give the provider's engine the dialect of this database.")
