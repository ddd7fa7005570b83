"""Spares a service that fails, and those who would wait for it."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from chat_intents.domain.errors import ClassifierUnavailableError

FAILURES: Final = 5
OPEN_SECONDS: Final = 10.0


class CircuitBreaker:
    """Refuses calls for a time after several failures in a row, then lets one through to see.

    If that one succeeds, the others follow; if it fails, calls are refused for the same time again.

    Args:
        failures: after so many in a row calls are refused.
        open_seconds: so long they are, in seconds.
        clock: tells the time in seconds, from any beginning.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        open_seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._open = open_seconds
        self._clock = clock
        self._failures = 0
        self._spared_until = 0.0
        self._is_trying = False

    @contextmanager
    def call(self) -> Generator[None]:
        """Let one call through; what it raises counts as a failure, except cancellation.

        Raises:
            ClassifierUnavailableError: it is refused.
        """
        is_trial = self._failures >= self._most
        if is_trial and (self._is_trying or self._clock() < self._spared_until):
            reason = "it has failed several times in a row, and is spared for a while"
            raise ClassifierUnavailableError(reason)
        self._is_trying = is_trial
        try:
            yield
        except Exception:
            self._failures += 1
            if self._failures >= self._most:
                self._spared_until = self._clock() + self._open
            raise
        else:
            self._failures = 0
        finally:
            if is_trial:
                self._is_trying = False
