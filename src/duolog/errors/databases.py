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


class UnstorableValueError(StatementError):
    """A parameter's value cannot be stored on any database, or not in its place; what a client sent may be like that.

    Text with NUL or a lone surrogate, a number that is none or has more bits than its place. The statement is right.
    """


class ReadOnlyError(DatabaseError):
    """A statement tried to write in a scope that may only read."""


class ForeignViewError(DatabaseError):
    """A key outside the database was written from another log, or another incarnation of this one; it was left alone.

    Attributes:
        key: the key.
        found: identity of the log that it was written from.
        expected: identity of the log that is followed.
    """

    def __init__(self, *, key: str, found: str, expected: str) -> None:
        message = f"key {key!r} was written from log {found}, not from {expected}"
        hint = "The log was restored or replaced: empty the keys, or take another namespace, and rebuild the view."
        super().__init__(message, hint=hint)
        self.key = key
        self.found = found
        self.expected = expected


class LogClosedError(DatabaseError):
    """The log takes no events here: it was moved to another database, or it is on its way in."""


class LogMovedError(LogClosedError):
    """The log was moved to another database, and can only be read here.

    Attributes:
        target: where it went: a URL without its password.
    """

    def __init__(self, *, target: str, url: str) -> None:
        hint = (
            f"Use {target}; `duolog promote {target} {url}` moves it back. "
            f"Only if that database is lost: `duolog promote --undo {url}`."
        )
        super().__init__(f"the log of {url} was moved to {target}, and can only be read here", hint=hint)
        self.target = target


class LogIncompleteError(LogClosedError):
    """The log is on its way into this database, and not complete yet.

    Attributes:
        source: where it comes from: a URL without its password, or a file's name.
    """

    def __init__(self, message: str, *, source: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.source = source


class LogNotEmptyError(DatabaseError):
    """A log was to be received where another one has events already."""


class TransferError(DatabaseError):
    """What was received is not what was sent, or cannot be kept as it is; the log stays closed here."""


class LogFileError(DuologError):
    """A file with a log cannot be read, or a line of it breaks a rule; nothing of it is in use.

    Attributes:
        line: number of the line, from 1; 0 if it is about the whole file.
    """

    def __init__(self, message: str, *, line: int = 0, hint: str = "") -> None:
        super().__init__(f"line {line}: {message}" if line else message, hint=hint)
        self.line = line


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
