"""Errors of the log: conflicts, reused ids, names and positions."""

from duolog.errors.base import DuologError


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
