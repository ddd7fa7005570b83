"""Answers kept in memory, the least recently used ones forgotten first."""

from collections import OrderedDict
from typing import Final

from duolog.read.caching.entry import CacheEntry

_OVERHEAD: Final = 512  # of an entry's objects, roughly


class MemoryCache:
    """A `CacheLevel` of one process, bounded by entries and by bytes.

    Args:
        entries: so many at most.
        size: so many bytes of keys and encoded answers at most, with what their objects take, roughly.
    """

    __slots__ = ("_entries", "_most_entries", "_most_size", "_size")

    def __init__(self, *, entries: int = 10_000, size: int = 67_108_864) -> None:
        self._entries: OrderedDict[bytes, CacheEntry] = OrderedDict()
        self._most_entries = entries
        self._most_size = size
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """How many bytes it takes, roughly."""
        return self._size

    def find(self, key: bytes) -> CacheEntry | None:
        """Return what is kept under a key, or None."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def keep(self, key: bytes, entry: CacheEntry) -> bool:
        """Keep an answer, unless a newer one is kept or it is larger than the cache; tell whether it is kept."""
        known = self._entries.get(key)
        if known is not None and entry.is_older_than(known):
            return False
        size = _size(key, entry)
        if size > self._most_size or not self._most_entries:
            return False
        if known is not None:
            self._size -= _size(key, known)
        self._entries[key] = entry
        self._entries.move_to_end(key)
        self._size += size
        while self._size > self._most_size or len(self._entries) > self._most_entries:
            oldest, forgotten = self._entries.popitem(last=False)
            self._size -= _size(oldest, forgotten)
        return True

    async def get(self, key: bytes) -> CacheEntry | None:
        """Return what is kept under a key; see `CacheLevel.get`."""
        return self.find(key)

    async def fill(self, key: bytes, entry: CacheEntry) -> bool:
        """Keep an answer, unless a newer one is kept; see `CacheLevel.fill`."""
        return self.keep(key, entry)


def _size(key: bytes, entry: CacheEntry) -> int:
    return len(key) + len(entry.data) + _OVERHEAD
