"""How many events a page may have."""

from typing import Final

_FAST: Final = 0.1
_SLOW: Final = 0.4
_LEAST: Final = 16
_MOST_PAGES: Final = 8


class PageSize:
    """Doubles while full pages are applied fast, and halves when one was slow.

    A page is a transaction as a rule: large ones spare commits while there is much to catch up with, and small ones
    leave the writer, and the rows, to others. It is bounded, and so is the memory that pages take.

    Args:
        first: events of the first page; 8 times as many are the most.
    """

    __slots__ = ("_most", "events")

    def __init__(self, first: int) -> None:
        self.events = first
        self._most = first * _MOST_PAGES

    def took(self, events: int, seconds: float) -> None:
        """Note how long a page took.

        Args:
            events: how many it had.
            seconds: how long applying it took.
        """
        if seconds > _SLOW:
            self.events = max(min(_LEAST, self.events), min(self.events, events) // 2)
        elif seconds < _FAST and events >= self.events:
            self.events = min(self._most, self.events * 2)
