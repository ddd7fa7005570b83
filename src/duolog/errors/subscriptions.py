"""Errors of subscriptions and their owners."""

from duolog.errors.base import DuologError


class LeaseLostError(DuologError):
    """Another owner has taken this subscription over; what was being written was rolled back."""


class CheckpointConflictError(LeaseLostError):
    """A checkpoint was moved by somebody else since it was read."""


class TransientError(DuologError):
    """For a handler to raise, or to derive its errors from: what failed has nothing to do with the event, and passes.

    The event is tried again, a few times with growing pauses, before it is parked.
    """


class EventRefusedError(DuologError):
    """An event could not be applied where none may be parked, as in a strict rebuild.

    Attributes:
        position: its position in the log.
        type: its stored type name.
        stream: its stream.
        reason: class of the error, which is this one's cause.
    """

    hint = "Repair the handler, or what it needs, and start again; what was applied up to there stays."

    def __init__(self, *, position: int, type: str, stream: str, reason: str) -> None:  # noqa: A002 - the log's word
        super().__init__(f"event {type!r} of {stream!r} at position {position} could not be applied: {reason}")
        self.position = position
        self.type = type
        self.stream = stream
        self.reason = reason


class UnknownEventError(DuologError):
    """An event has a type or a schema version that this release does not know, so a newer one is waited for.

    Attributes:
        position: its position in the log.
        reason: what is unknown.
    """

    hint = "Go on deploying the release that recorded it. If none comes, the event is parked after a while."

    def __init__(self, *, position: int, reason: str) -> None:
        super().__init__(f"a newer release is waited for: {reason}")
        self.position = position
        self.reason = reason
