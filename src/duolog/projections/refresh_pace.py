"""When a refresh is due: changes that follow each other are waited for, but not for long."""

import math
from typing import Final

LOOK_SECONDS: Final = 0.05


class RefreshPace:
    """Says after each look how long to wait until the next one, or that a refresh is due.

    A change has come to rest when two looks, so far apart, show the same.

    Args:
        interval: so long after one refresh began the next one begins at the earliest, in seconds.
        delay: so long after a change was seen the refresh begins at the latest, in seconds.
    """

    __slots__ = ("_begun", "_delay", "_interval", "_seen", "_since")

    def __init__(self, *, interval: float, delay: float) -> None:
        self._interval = interval
        self._delay = delay
        self._begun = -math.inf
        self._since = math.inf
        self._seen: object = None

    def rest(self, seen: object, now: float, *, in_haste: bool = False) -> float:
        """Return how long to wait until the next look, in seconds; 0 if a refresh is due.

        Args:
            seen: what a look has shown; it is not None.
            now: by a steady clock, in seconds.
            in_haste: do not wait for the interval.
        """
        self._since = min(self._since, now)
        early = 0.0 if in_haste else self._begun + self._interval - now
        if early <= 0 and (seen == self._seen or now - self._since >= self._delay):
            return 0.0
        self._seen = seen
        return max(early, min(LOOK_SECONDS, self._interval))

    def began(self, now: float) -> None:
        """Note that a refresh begins; what is seen from now on is another change."""
        self._begun = now
        self._since, self._seen = math.inf, None
