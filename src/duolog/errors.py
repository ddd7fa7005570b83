"""Every error that duolog raises: a class that carries its data, a message, and a hint on what to do."""

from collections.abc import Mapping, Sequence


class DuologError(Exception):
    """Base of all errors of duolog.

    Attributes:
        hint: what the reader can do about it; empty where the message says it all.
    """

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}\n  hint: {self.hint}" if self.hint else message

    @property
    def message(self) -> str:
        """The message without its hint."""
        return super().__str__()


# --- start-up -------------------------------------------------------------------------------------------------


class ConfigurationError(DuologError):
    """The application cannot start as it was put together."""


class MissingHandlerError(ConfigurationError):
    """A message was sent for which no handler is registered."""


class DuplicateHandlerError(ConfigurationError):
    """Two handlers are registered for one message."""


class MisfitHandlerError(ConfigurationError):
    """A handler's ``execute`` does not fit its message."""


class UnnamedTypeError(ConfigurationError):
    """A type that is stored has no stable name, or two types share one."""


class MissingDriverError(ConfigurationError):
    """No adapter is installed for the scheme of a database URL, or its driver is missing."""


class MissingSecretError(ConfigurationError):
    """The application has no secret to sign cursors, tokens and fingerprints with."""


class NotStartedError(DuologError):
    """The application was used before it was entered or after it was closed."""


class SchemaError(ConfigurationError):
    """The database's schema is missing, older or newer than this release, or was tampered with."""


# --- messages and payloads ------------------------------------------------------------------------------------


class InvalidMessageError(DuologError):
    """A message's fields do not have their declared types or constraints.

    Attributes:
        path: where in the message, like ``$.email``; empty if unknown.
    """

    def __init__(self, message: str, *, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.path = path


class PayloadError(DuologError):
    """A payload breaks the rules for what may be stored (depth, numbers, characters, size, types)."""


class UndecodableEventError(DuologError):
    """A stored event cannot be read by this release.

    Attributes:
        position: its position in the log.
        type: its stored type name.
        schema_version: its stored schema version.
        reason: why it cannot be read.
    """

    hint = "Declare the type with @event, or add the missing upcaster, deploy, and retry."

    def __init__(self, *, position: int, type: str, schema_version: int, reason: str) -> None:  # noqa: A002 - the log's word
        super().__init__(f"event {type!r} version {schema_version} at position {position} cannot be decoded: {reason}")
        self.position = position
        self.type = type
        self.schema_version = schema_version
        self.reason = reason


# --- the log --------------------------------------------------------------------------------------------------


class ConflictError(DuologError):
    """Somebody else changed what this decision was based on; the decision may be taken again.

    Attributes:
        key: what was fought over (a stream, a tag, a row); retries of one key take turns.
    """

    def __init__(self, message: str, *, key: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.key = key


class WrongExpectedVersionError(ConflictError):
    """A stream's version is not the expected one.

    Attributes:
        stream: the stream's name.
        expected: the expectation, as text.
        actual: the version that the stream has; 0 if there is none.
    """

    def __init__(self, *, stream: str, expected: object, actual: int) -> None:
        super().__init__(f"stream {stream!r}: expected {expected}, but its version is {actual}", key=stream)
        self.stream = stream
        self.expected = expected
        self.actual = actual


class AppendConditionFailedError(ConflictError):
    """An event that matches an append condition was recorded after the decision had read.

    Attributes:
        position: the position of the first such event.
    """

    def __init__(self, *, key: str, position: int) -> None:
        super().__init__(f"an event that the decision did not see was recorded at position {position}", key=key)
        self.position = position


class StaleRowError(ConflictError):
    """A guarded statement changed another number of rows than it had to.

    Attributes:
        expected: rows that had to change.
        actual: rows that would have changed.
    """

    def __init__(self, *, key: str, expected: int, actual: int) -> None:
        super().__init__(f"a guarded statement had to change {expected} row(s), but {actual} matched", key=key)
        self.expected = expected
        self.actual = actual


class EventIdReusedError(DuologError):
    """An event id that is in the log already came again with another stream, type, content or only in part."""

    hint = "Give every new event its own id; send the very same append again to retry."


class StreamNameError(DuologError, ValueError):
    """A stream or category name is not of the form ``category-id``."""


class PositionAheadOfLogError(DuologError):
    """A position was named that the log has not reached: it belongs to another log, or it was made up.

    Attributes:
        position: the position that was named.
        head: the log's last position.
    """

    def __init__(self, *, position: int, head: int) -> None:
        super().__init__(f"position {position} is above the log's end {head}")
        self.position = position
        self.head = head


class ForeignTokenError(DuologError):
    """A token or cursor was made by another log, another release or with another secret."""


# --- databases ------------------------------------------------------------------------------------------------


class DatabaseError(DuologError):
    """The database refused or failed."""


class DatabaseBusyError(DatabaseError):
    """Another process held the database's lock for longer than the time limit."""


class DatabaseFullError(DatabaseError):
    """There is no room left, or the disk failed; nothing of this was recorded."""


class OutcomeUnknownError(DatabaseError):
    """The commit was sent, and whether it happened cannot be told; look before you send it again."""


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


# --- commands -------------------------------------------------------------------------------------------------


class UnitOfWorkError(DuologError):
    """The unit of work was used in a way that its state forbids."""


class WorkAfterCommitError(UnitOfWorkError):
    """Work other than ``publish`` was staged after ``commit()``."""

    hint = "Stage everything before commit(); only publish may follow it."


class UncommittedWorkError(UnitOfWorkError):
    """The interactor returned with staged work, although it took a TransactionManager and never committed."""

    hint = "Call `await tx.commit()` (or `await tx.rollback()`) before returning."


class NotInCommandScopeError(UnitOfWorkError):
    """A write port was asked for outside a command's scope."""

    hint = "Query services read: let them take a query gateway instead of a write port."


class NotAuthenticatedError(DuologError):
    """The message needs an actor, and there is none."""


class NotAuthorizedError(DuologError):
    """The actor may not do this."""


class InvalidSignatureError(DuologError, ValueError):
    """A signed text was altered, or was signed with another secret or for another purpose."""


class TimeLimitExceededError(DuologError, TimeoutError):
    """A message took longer than its time limit; it was cancelled and rolled back.

    Attributes:
        seconds: the limit.
    """

    def __init__(self, message: str, *, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


# --- queries --------------------------------------------------------------------------------------------------


class LimitOutOfRangeError(DuologError, ValueError):
    """A limit or an offset is outside its range; it is refused, not clamped.

    Attributes:
        name: the parameter.
        value: what was asked for.
        least: the smallest allowed value.
        most: the greatest allowed value, or None.
    """

    def __init__(self, *, name: str, value: int, least: int, most: int | None) -> None:
        allowed = f"between {least} and {most}" if most is not None else f"{least} or more"
        super().__init__(f"{name} must be {allowed}, not {value}")
        self.name = name
        self.value = value
        self.least = least
        self.most = most


class UnknownFieldError(DuologError, ValueError):
    """A name is not on the allow-list for sorting or filtering.

    Attributes:
        name: what was asked for.
        allowed: the names that are allowed.
    """

    def __init__(self, *, name: str, purpose: str, allowed: Sequence[str]) -> None:
        super().__init__(f"cannot {purpose} by {name[:64]!r}; allowed: {', '.join(allowed)}")
        self.name = name
        self.purpose = purpose
        self.allowed = tuple(allowed)


class InvalidCursorError(DuologError, ValueError):
    """A page cursor was altered, or belongs to another query or secret."""

    hint = "Start again from the first page."


class AfterTimeoutError(DuologError, TimeoutError):
    """The views that a query reads did not reach the asked position within the time limit.

    Attributes:
        position: the position that was asked for.
        reached: how far each view is.
    """

    def __init__(self, *, position: int, reached: Mapping[str, int], seconds: float) -> None:
        behind = ", ".join(f"{name} is at {at}" for name, at in reached.items())
        super().__init__(f"position {position} was not reached within {seconds:g} s: {behind}")
        self.position = position
        self.reached = dict(reached)


class ViewParkedError(DuologError):
    """What the asked position wrote is parked, so the view would answer with something older.

    Attributes:
        position: the position that was asked for.
        view: the projection that parked it.
    """

    hint = "`duolog parked list` shows the reason."

    def __init__(self, *, position: int, view: str) -> None:
        super().__init__(f"view {view!r} has parked what position {position} wrote")
        self.position = position
        self.view = view


# --- subscriptions --------------------------------------------------------------------------------------------


class LeaseLostError(DuologError):
    """Another owner has taken this subscription over; what was being written was rolled back."""


class CheckpointConflictError(LeaseLostError):
    """A checkpoint was moved by somebody else since it was read."""
