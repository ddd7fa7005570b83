"""Units: what the writer runs in one savepoint, each with its own result or error."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters.sqlite.insertions import Insertion
from duolog.errors import (
    ConstraintViolationError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseFullError,
    DuologError,
    HoldExpiredError,
    NotStartedError,
    OutcomeUnknownError,
    ReadOnlyError,
    StatementError,
)

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_IGNORED_SIZE: Final = 0
_RETOLD: Final[tuple[type[DuologError], ...]] = (
    HoldExpiredError,
    DatabaseBusyError,
    DatabaseFullError,
    OutcomeUnknownError,
    ReadOnlyError,
    NotStartedError,
)


class Unit(Protocol[T_co]):
    """Something to do in a transaction, as a whole or not at all."""

    @property
    def size(self) -> int:
        """About how many bytes it writes."""
        ...

    @property
    def writes_once(self) -> bool:
        """Whether it is one statement that writes, of which nothing remains if it fails: it needs no savepoint."""
        ...

    @property
    def insertion(self) -> Insertion | None:
        """The one event that it appends, if it does nothing else: several of them are inserted together."""
        ...

    def run(self, connection: sqlite3.Connection) -> T_co:
        """Do it, in the open transaction; called again if the transaction was lost."""
        ...

    def explain(self, connection: sqlite3.Connection, error: Exception) -> T_co:
        """Say what a failed `run` means, once what it did is undone: raise the error, or return an earlier result."""
        ...


@dataclass(frozen=True, slots=True)
class Action(Generic[T]):
    """A unit that is one function; what it raises is its error.

    Attributes:
        work: the function.
        size: about how many bytes it writes.
    """

    work: Callable[[sqlite3.Connection], T]
    size: int = _IGNORED_SIZE

    @property
    def writes_once(self) -> bool:
        """What it writes is not known."""
        return False

    @property
    def insertion(self) -> None:
        """What it writes is not known."""
        return

    def run(self, connection: sqlite3.Connection) -> T:
        """Call the function."""
        return self.work(connection)

    def explain(self, connection: sqlite3.Connection, error: Exception) -> T:  # noqa: ARG002 - the protocol's
        """Raise the error."""
        raise error


class TransactionLostError(Exception):
    """SQLite rolled the whole transaction back because of one statement; the cause says why."""


def run_in_savepoint(connection: sqlite3.Connection, unit: Unit[T]) -> T:
    """Run a unit in the open transaction; nothing of it remains if it fails.

    Raises:
        TransactionLostError: with the unit's savepoint, the whole transaction was rolled back.
        Exception: what the unit raised, as duolog's error.
    """
    if unit.writes_once:
        try:
            return unit.run(connection)
        except Exception as error:  # noqa: BLE001 - as below
            if not connection.in_transaction:
                raise TransactionLostError from reported(error)
            return unit.explain(connection, reported(error))
    connection.execute("SAVEPOINT duolog_unit")
    try:
        result = unit.run(connection)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this unit's and nobody else's
        if not connection.in_transaction:
            raise TransactionLostError from reported(error)
        connection.execute("ROLLBACK TO duolog_unit")
        try:
            return unit.explain(connection, reported(error))
        finally:
            connection.execute("RELEASE duolog_unit")
    connection.execute("RELEASE duolog_unit")
    return result


def begin(connection: sqlite3.Connection) -> None:
    """Begin a transaction that may write.

    Raises:
        DatabaseBusyError: another process kept the lock for longer than the time limit.
        DatabaseError: the database failed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
    except DRIVER_ERRORS as error:
        raise database_error(error) from error


def commit(connection: sqlite3.Connection) -> None:
    """Commit, or roll back and raise.

    Raises:
        OutcomeUnknownError: the disk failed while it was told to keep what is written.
        DatabaseError: the database failed; nothing was committed.
    """
    try:
        connection.execute("COMMIT")
    except DRIVER_ERRORS as error:
        roll_back(connection)
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_FSYNC:
            # The commit is in the file, but not known to be on the disk; a restart may find it or not.
            message = "the disk failed in the middle of a commit"
            raise OutcomeUnknownError(message, hint="Look whether it was recorded before you send it again.") from error
        raise database_error(error) from error


def roll_back(connection: sqlite3.Connection) -> None:
    """Roll back, if there is still something to roll back.

    Raises:
        DatabaseFullError: even that failed; the connection must not be used any more.
    """
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except DRIVER_ERRORS as error:
        message = f"a transaction could not be rolled back: {error}"
        raise DatabaseFullError(message, hint="Look after the disk.") from error


def reported(error: Exception) -> Exception:
    """Return ``error`` as duolog reports it, caused by what the driver raised."""
    if not isinstance(error, DRIVER_ERRORS):
        return error
    known = database_error(error)
    known.__cause__ = error
    return known


def retold(first: Exception) -> DuologError:
    """Return a new error for one more waiter that fails because of ``first``, which is its cause.

    One error raised in several tasks would collect all their tracebacks. Copying it is no way: an application's own
    error may take any arguments.
    """
    told: DuologError
    kind = next((kind for kind in _RETOLD if isinstance(first, kind)), None)
    if isinstance(first, DuologError) and kind is not None:
        told = kind(first.message, hint=first.hint)
    elif isinstance(first, ConstraintViolationError | StatementError):
        # The statement may be another one's; but trying the same again would fail again.
        told = StatementError(f"everything was rolled back: {first.message}", hint=first.hint)
    else:
        told = DatabaseError(f"everything was rolled back, because of {type(first).__name__}")
    told.__cause__ = first
    return told
