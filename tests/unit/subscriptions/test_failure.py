import contextlib
import sqlite3

import pytest

from duolog.errors import (
    CheckpointConflictError,
    ConstraintViolationError,
    DatabaseBusyError,
    DatabaseError,
    DatabaseFullError,
    HoldExpiredError,
    LeaseLostError,
    OutcomeUnknownError,
    ReadOnlyError,
    StatementError,
    UndecodableEventError,
)
from duolog.subscriptions.failure import LONGEST_ERROR, LONGEST_TRACEBACK, Failure, is_transient
from duolog.subscriptions.parking import ParkReason

UNDECODABLE = UndecodableEventError(position=1, type="a", schema_version=1, reason="unknown")


@pytest.mark.parametrize(
    "error",
    [
        DatabaseError("x"),
        DatabaseBusyError("x"),
        DatabaseFullError("x"),
        OutcomeUnknownError("x"),
        CheckpointConflictError("x"),
        LeaseLostError("x"),
        MemoryError(),
    ],
)
def test_what_says_nothing_about_the_event_is_transient(error: Exception) -> None:
    assert is_transient(error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (UNDECODABLE, ParkReason.UNDECODABLE),
        (ConstraintViolationError("x"), ParkReason.DATABASE_REFUSED),
        (StatementError("x"), ParkReason.DATABASE_REFUSED),
        (ReadOnlyError("x"), ParkReason.DATABASE_REFUSED),
        (KeyError("x"), ParkReason.HANDLER_RAISED),
        (TimeoutError(), ParkReason.HANDLER_RAISED),
        (HoldExpiredError("x"), ParkReason.HANDLER_RAISED),
    ],
)
def test_what_is_the_events_fault_has_a_reason(error: Exception, reason: ParkReason) -> None:
    assert not is_transient(error)
    assert Failure.of(error).reason is reason


def fail_with(error: Exception) -> None:
    raise error


def raised(error: Exception) -> Exception:
    """Give an error its traceback."""
    with contextlib.suppress(type(error)):
        fail_with(error)
    return error


def test_long_texts_are_cut_and_the_innermost_frames_are_kept() -> None:
    failure = Failure.of(raised(ValueError("x" * 50_000)))
    assert failure.error == f"ValueError: {'x' * 50_000}"[:LONGEST_ERROR]
    assert len(failure.traceback.encode()) <= LONGEST_TRACEBACK
    short = Failure.of(raised(ValueError("short")))
    assert short.traceback.endswith("ValueError: short\n")


def test_every_text_can_be_stored_and_is_within_its_limit() -> None:
    failure = Failure.of(raised(ValueError("\ud800\0é" * 20_000)))
    stored = sqlite3.connect(":memory:").execute("SELECT ?, ?", (failure.error, failure.traceback)).fetchone()
    assert stored == (failure.error, failure.traceback)
    assert "\0" not in failure.error + failure.traceback
    assert len(failure.traceback.encode()) <= LONGEST_TRACEBACK


class UnprintableError(Exception):
    def __str__(self) -> str:
        message = "no text"
        raise RuntimeError(message)


def test_an_error_whose_own_text_raises_is_described_all_the_same() -> None:
    assert Failure.of(UnprintableError()).error.startswith("UnprintableError: ")
