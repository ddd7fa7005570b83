"""Where cached answers are kept: the port of a level, and which levels an application has."""

from dataclasses import dataclass
from typing import Protocol

from duolog.errors import ConfigurationError
from duolog.read.caching.entry import CacheEntry


class CacheLevel(Protocol):
    """Keeps answers by key, and may forget any of them at any time."""

    async def get(self, key: bytes) -> CacheEntry | None:
        """Return what is kept under a key, or None.

        Raises:
            Exception: the level failed; the caller goes on without it.
        """
        ...

    async def fill(self, key: bytes, entry: CacheEntry) -> bool:
        """Keep an answer, unless a newer one is kept under the key; comparing and writing are one step.

        Returns:
            Whether it is kept.

        Raises:
            Exception: the level failed; the caller goes on without it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Caching:
    """Where an application keeps its cached answers: in memory, in a level that processes share, or in both.

    Attributes:
        entries: so many answers are kept in memory at most, the least recently used ones go first; 0 for none.
        size: so many bytes their keys and encoded answers take at most.
        shared: the level that processes share, like `RedisCache`.
        shared_seconds: how long to wait for it; then the query is answered without it.
        rest_seconds: how long it is left alone after it failed.

    Raises:
        ConfigurationError: a number makes no sense.
    """

    entries: int = 10_000
    size: int = 67_108_864
    shared: CacheLevel | None = None
    shared_seconds: float = 0.25
    rest_seconds: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.entries < 0 or self.size < 0 or self.shared_seconds <= 0 or self.rest_seconds < 0:
            message = "a cache has no room for fewer than zero answers or bytes, and waits for a time"
            raise ConfigurationError(message, hint="entries=0 keeps nothing in memory.")
