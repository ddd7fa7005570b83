"""Errors of subscriptions and their owners."""

from duolog.errors.base import DuologError


class LeaseLostError(DuologError):
    """Another owner has taken this subscription over; what was being written was rolled back."""


class InlineProjectionError(DuologError):
    """An inline projection could not show an event, so the command that raised the event failed; nothing was changed.

    Attributes:
        projection: the projection's name.
        type: the event's type.
    """

    def __init__(self, *, projection: str, type: str, error: Exception) -> None:  # noqa: A002 - the log's word
        message = f"inline projection {projection!r} failed on {type!r} with {error.__class__.__name__}"
        super().__init__(message, hint="Its cause says why; nothing was appended.")
        self.projection = projection
        self.type = type


class InlineViewChangedError(DuologError):
    """The view of an inline projection is not of this process's version, or being built; nothing was changed.

    Attributes:
        projection: the projection's name.
        version: the version that this process has.
    """

    def __init__(self, *, projection: str, version: int) -> None:
        message = f"the view of inline projection {projection!r} is not at version {version}, or not built yet"
        super().__init__(message, hint="Start this process with the release that the view belongs to.")
        self.projection = projection
        self.version = version


class CheckpointConflictError(LeaseLostError):
    """A checkpoint was moved by somebody else since it was read."""
