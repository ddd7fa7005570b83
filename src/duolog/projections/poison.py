"""What becomes of an event that cannot be applied."""

import time
from typing import Final

from duolog.errors import TransientError, UndecodableEventError, UnknownEventError
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.backoff import Backoff
from duolog.subscriptions.failure import Failure

ATTEMPTS: Final = 5
FIRST_PAUSE: Final = 0.05
LAST_PAUSE: Final = 2.0
PATIENCE: Final = 60.0


class Poison:
    """Decides about events that cannot be applied: most are parked, after a time or at once.

    - A fault that passes (`TransientError`, a time-out, a lost connection of the handler's own) is tried again, five
      times in all, with growing pauses.
    - A type or schema version that this release does not know is, as a rule, a newer release's that is being rolled
      out. So the share is given up, that a newer process may take it, and the event is parked only if it is still
      unknown after a minute.

    Args:
        attempts: how often a fault that passes is tried.
        first_pause: the first pause between attempts, in seconds; each is twice as long as the one before.
        patience: how long to wait for a release that knows an event, in seconds.
    """

    __slots__ = ("_attempts", "_first_pause", "_patience", "_unknown_since")

    def __init__(
        self,
        *,
        attempts: int = ATTEMPTS,
        first_pause: float = FIRST_PAUSE,
        patience: float = PATIENCE,
    ) -> None:
        self._attempts = attempts
        self._first_pause = first_pause
        self._patience = patience
        self._unknown_since: dict[int, float] = {}

    def pause(self, error: Exception, attempts: int) -> float | None:
        """Return after how many seconds to try again; None if that is no use.

        Args:
            error: what the handler raised.
            attempts: how often it was tried again.
        """
        if attempts + 1 >= self._attempts or not isinstance(error, TransientError | TimeoutError | ConnectionError):
            return None
        backoff = Backoff(first=self._first_pause * 2**attempts, last=LAST_PAUSE)
        return backoff.pause()

    def failure(self, recorded: RecordedEvent, error: Exception) -> Failure:
        """Return why an event is to be parked.

        Raises:
            UnknownEventError: it is not to be parked yet; a newer release may know it.
        """
        if isinstance(error, UndecodableEventError) and error.is_unknown and self._waits(recorded.position):
            raise UnknownEventError(position=recorded.position, reason=error.message) from error
        return Failure.of(error)

    def parked(self, position: int) -> None:
        """Note that the event at a position is parked for good, not only in a transaction that was rolled back."""
        self._unknown_since.pop(position, None)

    def _waits(self, position: int) -> bool:
        now = time.monotonic()
        return now - self._unknown_since.setdefault(position, now) < self._patience
