"""Errors of databases."""

from duolog.errors.base import DuologError


class DatabaseError(DuologError):
    """The database refused or failed."""


class DatabaseBusyError(DatabaseError):
    """Another process held the database's lock for longer than the time limit."""


class HoldExpiredError(DatabaseBusyError):
    """One's own session kept the writer for longer than it may; everything in it was rolled back."""


class DatabaseFullError(DatabaseError):
    """There is no room left, or the disk failed; nothing of this was recorded."""


class OutcomeUnknownError(DatabaseError):
    """The commit was sent, and whether it happened cannot be told; look before you send it again."""


class RolledBackError(DatabaseError):
    """The commit was interrupted, and it is certain that nothing was changed; it may be sent again."""


class StatementError(DatabaseError):
    """A statement of the application is wrong: SQL syntax, a missing table, missing or unknown parameters."""


class ReadOnlyError(DatabaseError):
    """A statement tried to write in a scope that may only read."""


class ConstraintViolationError(DatabaseError):
    """A constraint of the application's own tables refused a row.

    Attributes:
        table: the table, or empty if the database does not say.
        columns: the columns of the constraint, or empty.
        constraint: the constraint's name, or empty.
    """

    def __init__(self, message: str, *, table: str = "", columns: tuple[str, ...] = (), constraint: str = "") -> None:
        super().__init__(message)
        self.table = table
        self.columns = columns
        self.constraint = constraint
