"""What the statements of one session go through on PostgreSQL: the connection and transaction of its scope.

A command's session has the unit of work's own connection from its first statement on: it reads and writes there, and
the commit appends the events on it, behind the last flush. So the log's fence is entered right before the COMMIT, never
while a handler awaits.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.reading import Reading, Writing
from duolog.errors import ConfigurationError, ConstraintViolationError
from duolog.tables.ports import ReadSession
from duolog.tables.statements import DomainErrors, Statement
from duolog.write.unit_of_work import UnitOfWork

R = TypeVar("R")

Work = Callable[[Connection], Awaitable[R]]


class ConnectionWire(Protocol):
    """Runs the statements of one session."""

    async def run(self, work: Work[R], *, writes: bool, keeps: bool = False) -> R:
        """Run ``work`` on the scope's connection, in its transaction.

        Args:
            work: sends one statement; what it raises is duolog's.
            writes: whether the statement changes something.
            keeps: whether what it did, locks and savepoints included, must outlive the failure of a later one.

        Raises:
            WorkAfterCommitError: it writes, and the unit of work is sealed.
            DatabaseError: the database refused or failed.
            Exception: the domain error that is declared for a broken constraint.
        """
        ...


class QueryConnection:
    """A `ConnectionWire` that only reads.

    Args:
        session: the query's snapshot.
    """

    __slots__ = ("_session",)

    def __init__(self, session: ReadSession) -> None:
        self._session = session

    async def run(self, work: Work[R], *, writes: bool, keeps: bool = False) -> R:  # noqa: ARG002 - all is refused
        """Run ``work`` in the query's snapshot; see `ConnectionWire.run`."""
        session: object = self._session
        if not isinstance(session, Reading):
            raise _unfit(session)
        return await session.read(work)


class UnitConnection:
    """A `ConnectionWire` into one unit of work.

    Args:
        unit: the unit of work.
        errors: the domain error for each constraint.
        seconds: for how long the transaction may be open.

    Attributes:
        is_last_flush: whether the unit is being committed, so that whatever fails now ends it.
        savepoints: how many of the session's own are open.
    """

    __slots__ = ("_errors", "_seconds", "_unit", "is_last_flush", "savepoints")

    def __init__(self, unit: UnitOfWork, errors: DomainErrors, *, seconds: float) -> None:
        self._unit = unit
        self._errors = errors
        self._seconds = seconds
        self.is_last_flush = False
        self.savepoints = 0

    async def run(self, work: Work[R], *, writes: bool, keeps: bool = False) -> R:
        """Run ``work`` in the unit's transaction; see `ConnectionWire.run`."""
        await self._unit.hold_writer(seconds=self._seconds, to_write=writes)
        writer: object = self._unit.held_writer
        if not isinstance(writer, Writing):
            raise _unfit(writer)
        try:
            keeps = keeps and not self.is_last_flush
            return await writer.write(work, keeps=keeps, is_nested=self.savepoints > 0)
        except ConstraintViolationError as violation:
            error = Statement("", errors=self._errors).domain_error(violation)
            if error is violation:
                raise
            raise error from violation


def _unfit(session: object) -> ConfigurationError:
    message = f"SQLAlchemy's sessions for PostgreSQL cannot run on a {type(session).__name__}"
    return ConfigurationError(message, hint="Give the provider's engine the dialect of this database.")
