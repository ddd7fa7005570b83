"""Every error that duolog raises: a class that carries its data, a message, and a hint on what to do."""

from duolog.errors.base import (
    DuologError,
)
from duolog.errors.commands import (
    InvalidSignatureError,
    NotAuthenticatedError,
    NotAuthorizedError,
    NotInCommandScopeError,
    TimeLimitExceededError,
    UncommittedWorkError,
    UnitOfWorkError,
    WorkAfterCommitError,
)
from duolog.errors.databases import (
    ConstraintViolationError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseFullError,
    HoldExpiredError,
    OutcomeUnknownError,
    ReadOnlyError,
    StatementError,
)
from duolog.errors.log import (
    AppendConditionFailedError,
    ConflictError,
    EventIdReusedError,
    ForeignTokenError,
    PositionAheadOfLogError,
    StaleRowError,
    StreamNameError,
    WrongExpectedVersionError,
)
from duolog.errors.payloads import (
    InvalidMessageError,
    PayloadError,
    UndecodableEventError,
)
from duolog.errors.queries import (
    AfterTimeoutError,
    InvalidCursorError,
    LimitOutOfRangeError,
    UnknownFieldError,
    ViewParkedError,
)
from duolog.errors.startup import (
    ConfigurationError,
    DuplicateHandlerError,
    MisfitHandlerError,
    MissingDriverError,
    MissingHandlerError,
    MissingSecretError,
    NotStartedError,
    SchemaError,
    UnnamedTypeError,
)
from duolog.errors.subscriptions import (
    CheckpointConflictError,
    LeaseLostError,
)

__all__ = [
    "AfterTimeoutError",
    "AppendConditionFailedError",
    "CheckpointConflictError",
    "ConfigurationError",
    "ConflictError",
    "ConstraintViolationError",
    "DatabaseBusyError",
    "DatabaseError",
    "DatabaseFullError",
    "DuologError",
    "DuplicateHandlerError",
    "EventIdReusedError",
    "ForeignTokenError",
    "HoldExpiredError",
    "InvalidCursorError",
    "InvalidMessageError",
    "InvalidSignatureError",
    "LeaseLostError",
    "LimitOutOfRangeError",
    "MisfitHandlerError",
    "MissingDriverError",
    "MissingHandlerError",
    "MissingSecretError",
    "NotAuthenticatedError",
    "NotAuthorizedError",
    "NotInCommandScopeError",
    "NotStartedError",
    "OutcomeUnknownError",
    "PayloadError",
    "PositionAheadOfLogError",
    "ReadOnlyError",
    "SchemaError",
    "StaleRowError",
    "StatementError",
    "StreamNameError",
    "TimeLimitExceededError",
    "UncommittedWorkError",
    "UndecodableEventError",
    "UnitOfWorkError",
    "UnknownFieldError",
    "UnnamedTypeError",
    "ViewParkedError",
    "WorkAfterCommitError",
    "WrongExpectedVersionError",
]
