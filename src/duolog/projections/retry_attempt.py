"""One attempt at the parked events of a key."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from duolog.subscriptions.failure import Failure
from duolog.subscriptions.parking import ParkedEvent


@dataclass(frozen=True, slots=True)
class RetryAttempt:
    """Which of a key's events are applied, and what is said of the first that is not.

    Attributes:
        parked: all parked events of the key, in order.
        most: go on with so many.
        skipped: so many of them, the first ones, are not applied.
        failure: why the next one stays parked; None if there is none.
        tries: how often the event at ``at`` was tried again for a fault that passes.
        at: which of the events that was.
        pause: to make before it, in seconds.
    """

    parked: Sequence[ParkedEvent]
    most: int
    skipped: int = 0
    failure: Failure | None = None
    tries: int = 0
    at: int = 0
    pause: float = 0.0

    def tries_of(self, at: int) -> int:
        """Return how often an event was tried again; each has its own number of tries."""
        return self.tries if at == self.at else 0

    def unparked(self) -> Sequence[int]:
        """Return the positions that are parked no more."""
        return [event.position for event in self.parked[: self.most]]

    def still_parked(self) -> Sequence[ParkedEvent]:
        """Return the first event that stays parked, with its new reason; none if nothing failed."""
        if self.failure is None:
            return ()
        failure = self.failure
        failed = self.parked[self.most]
        return (replace(failed, reason=failure.reason, error=failure.error, traceback=failure.traceback),)
