"""Errors of queries."""

from collections.abc import Mapping, Sequence

from duolog.errors.base import DuologError


class LimitOutOfRangeError(DuologError, ValueError):
    """A limit or an offset is outside its range; it is refused, not clamped.

    Attributes:
        name: the parameter.
        value: what was asked for.
        least: the smallest allowed value.
        most: the greatest allowed value, or None.
    """

    def __init__(self, *, name: str, value: object, least: int, most: int | None) -> None:
        allowed = f"between {least} and {most}" if most is not None else f"{least} or more"
        kind = "" if isinstance(value, int) else "a whole number "
        super().__init__(f"{name} must be {kind}{allowed}, not {repr(value)[:64]}")
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


class InvalidSortOrderError(DuologError, ValueError):
    """A list was asked for in an order that is no `SortOrder`, like a text; it is refused, not guessed.

    Attributes:
        value: what was given.
    """

    hint = (
        "Declare the message's field as SortOrder, which is read from asc and desc, or make one of a text: "
        "SortOrder('asc')."
    )

    def __init__(self, *, value: object) -> None:
        super().__init__(f"the order must be SortOrder.ASC or SortOrder.DESC, not {repr(value)[:64]}")
        self.value = value


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


class TooManyWatchersError(DuologError):
    """As many live queries are watched in this process as are allowed.

    Attributes:
        most: how many that are.
    """

    hint = "Watch in another process, ask again instead, or raise Settings(watchers=...)."

    def __init__(self, *, most: int) -> None:
        super().__init__(f"{most} live queries are watched already")
        self.most = most


class ViewParkedError(DuologError):
    """What the asked position wrote is parked, so the view would answer with something older.

    Attributes:
        position: the position that was asked for.
        view: the projection that parked it.
    """

    hint = "`duolog parked list` shows what is parked and why; `duolog parked retry` applies it again."

    def __init__(self, *, position: int, view: str) -> None:
        super().__init__(f"view {view!r} has parked what position {position} wrote")
        self.position = position
        self.view = view
