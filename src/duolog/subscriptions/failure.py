"""Why an event could not be applied, in a form that can be stored."""

from dataclasses import dataclass
from traceback import TracebackException
from typing import Final

from duolog.errors import (
    ConstraintViolationError,
    DatabaseError,
    HoldExpiredError,
    LeaseLostError,
    ReadOnlyError,
    StatementError,
    UndecodableEventError,
)
from duolog.subscriptions.parking import ParkReason

LONGEST_ERROR: Final = 2_000
LONGEST_TRACEBACK: Final = 16_384

_REFUSALS: Final = (ConstraintViolationError, StatementError, ReadOnlyError)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event is parked.

    Attributes:
        reason: what failed.
        error: the error's class and message, 2,000 characters at most.
        traceback: the end of its traceback, 16 kB at most.
    """

    reason: ParkReason
    error: str
    traceback: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Describe an error; works for every error, whatever its text holds or raises."""
        traceback = "".join(TracebackException.from_exception(error).format())
        return cls(_reason(error), error_text(error), _last_bytes(_storable(traceback)))


def error_text(error: Exception) -> str:
    """Return an error's class and message, 2,000 characters at most; also if the error's own text raises."""
    return _storable(f"{type(error).__name__}: {TracebackException.from_exception(error)}")[:LONGEST_ERROR]


def is_transient(error: Exception) -> bool:
    """Tell whether an error says nothing about the event: the database or the machine failed, or the lease is lost."""
    if isinstance(error, DatabaseError):
        # A hold expires because of what is done while it lasts: again and again, if nobody did less.
        return not isinstance(error, (*_REFUSALS, HoldExpiredError))
    return isinstance(error, LeaseLostError | MemoryError)


def _reason(error: Exception) -> ParkReason:
    if isinstance(error, UndecodableEventError):
        return ParkReason.UNKNOWN if error.is_unknown else ParkReason.UNDECODABLE
    return ParkReason.DATABASE_REFUSED if isinstance(error, _REFUSALS) else ParkReason.HANDLER_RAISED


def _storable(text: str) -> str:
    # A lone surrogate or a NUL would make the database refuse the parked row, and so stop the whole subscription.
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _last_bytes(text: str) -> str:
    # The innermost frame and the message stand at the end.
    return text.encode()[-LONGEST_TRACEBACK:].decode("utf-8", "ignore")
