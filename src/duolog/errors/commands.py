"""Errors of commands and their units of work."""

from duolog.errors.base import DuologError


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
