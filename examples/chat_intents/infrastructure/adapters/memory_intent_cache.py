"""A cache in memory, for one process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from chat_intents.domain.intent import Classification

MOST_ENTRIES: Final = 10_000
KEPT_SECONDS: Final = 86_400.0


class MemoryIntentCache:
    """Keeps a bounded number of classifications, and forgets those first that nobody has asked for the longest.

    Args:
        most_entries: so many are kept.
        kept_seconds: so long each is kept, in seconds.
        clock: tells the time in seconds, from any beginning.
    """

    def __init__(
        self,
        *,
        most_entries: int = MOST_ENTRIES,
        kept_seconds: float = KEPT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = OrderedDict[str, tuple[float, Classification]]()
        self._most = most_entries
        self._kept = kept_seconds
        self._clock = clock

    def __len__(self) -> int:
        return len(self._entries)

    async def get(self, key: str) -> Classification | None:
        """Return what is kept under a key; see `IntentCache.get`."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        ends, classification = entry
        if ends <= self._clock():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return classification

    async def set(self, key: str, classification: Classification) -> None:
        """Keep a classification; see `IntentCache.set`."""
        self._entries[key] = (self._clock() + self._kept, classification)
        self._entries.move_to_end(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)
