"""Errors of subscriptions and their owners."""

from collections.abc import Sequence

from duolog.errors.base import DuologError
from duolog.errors.databases import DatabaseBusyError


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


class GenerationGoneError(DuologError):
    """A generation of a view was dropped, or never was.

    Attributes:
        view: the view's name.
        generation: the generation's number.
    """

    hint = "`duolog projections status` shows which generations there are."

    def __init__(self, *, view: str, generation: int) -> None:
        super().__init__(f"view {view!r} has no generation {generation}")
        self.view = view
        self.generation = generation


class ViewBehindError(DuologError):
    """A generation cannot become the live one yet: queries would go back in time.

    Attributes:
        view: the view's name.
        generation: the generation's number.
        position: where the generation is; the least of its shares.
        live: where the live one is, at the same share.
    """

    hint = "Wait until it has caught up: a process whose code has its version must be running."

    def __init__(self, *, view: str, generation: int, position: int, live: int) -> None:
        super().__init__(f"generation {generation} of view {view!r} is at position {position}, the live one at {live}")
        self.view = view
        self.generation = generation
        self.position = position
        self.live = live


class SwitchRefusedError(DuologError):
    """Something hangs on the live tables of a view that would not go along with a switch.

    Attributes:
        view: the view's name.
        found: what it is, like ``view report``.
    """

    hint = "Declare views in the projection's `dependants`; remove the rest, or let it hang on something else."

    def __init__(self, *, view: str, found: Sequence[str]) -> None:
        super().__init__(f"view {view!r} cannot be switched because of: {', '.join(found)}")
        self.view = view
        self.found = tuple(found)


class SwitchBlockedError(DatabaseBusyError):
    """Others used a view's tables all the time, so that they could not be switched.

    Attributes:
        view: the view's name.
        blockers: which sessions they are, like ``session 4711 of app: active for 12 s``.
    """

    def __init__(self, *, view: str, blockers: Sequence[str]) -> None:
        who = ", ".join(blockers) or "sessions that are gone by now"
        super().__init__(
            f"the tables of view {view!r} are in use by {who}",
            hint="Nothing was changed. End what runs for so long, or try again when it has ended.",
        )
        self.view = view
        self.blockers = tuple(blockers)


class PoisonEventError(DuologError):
    """An event cannot be applied to a view that is rebuilt, and must not be parked.

    Attributes:
        view: the view's name.
        position: the event's position.
        type: its stored name.
        error: why; it may hold values of the event.
    """

    hint = "Repair the projection, and rebuild again; without strictness, the event is parked."

    def __init__(self, *, view: str, position: int, type: str, error: str) -> None:  # noqa: A002 - the event's
        super().__init__(f"view {view!r} cannot apply {type} at position {position}")
        self.view = view
        self.position = position
        self.type = type
        self.error = error


class TransientError(DuologError):
    """For a handler to raise, or to derive its errors from: what failed has nothing to do with the event, and passes.

    The event is tried again, a few times with growing pauses, before it is parked.
    """


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
