"""The contract of a level of the query cache: it may forget, and never goes back."""

import asyncio

from duolog.read.caching.entry import CacheEntry, ViewsRead
from duolog.read.caching.level import CacheLevel


def entry(changes: int, data: bytes = b"{}", *, since: int = 1, generation: int = 1, position: int = 0) -> CacheEntry:
    """Make an entry of one view."""
    return CacheEntry(ViewsRead(((since, generation, changes),), position, "tag"), data)


class CacheLevelContract:
    """Every level keeps answers in this way. Supply a ``level`` fixture: an empty `CacheLevel`."""

    async def test_what_is_kept_comes_back(self, level: CacheLevel) -> None:
        """An entry comes back with all that it had, byte for byte; another key has nothing."""
        kept = CacheEntry(ViewsRead(((2**60, 7, 2**62), (1, 1, 0)), 2**62, "f" * 32), b'{"a|b":"\xc3\xa9"}\0\xff')
        assert await level.get(b"a") is None
        assert await level.fill(b"a", kept)
        assert await level.get(b"a") == kept
        assert await level.get(b"b") is None
        assert await level.fill(b"b", CacheEntry(ViewsRead(((1, 1, 1),), 0), b""))
        assert await level.get(b"b") == CacheEntry(ViewsRead(((1, 1, 1),), 0), b"")

    async def test_a_newer_answer_is_never_replaced_by_an_older_one(self, level: CacheLevel) -> None:
        """A fill that was delayed, in this process or in another one, changes nothing."""
        assert await level.fill(b"a", entry(5, b"five"))
        assert not await level.fill(b"a", entry(4, b"four"))
        assert await level.get(b"a") == entry(5, b"five")
        assert await level.fill(b"a", entry(10, b"ten"))
        assert not await level.fill(b"a", entry(9, b"nine"))
        assert await level.get(b"a") == entry(10, b"ten")

    async def test_a_generation_that_became_live_later_is_newer(self, level: CacheLevel) -> None:
        """Also if it was changed less often, and after the way back to one with a smaller number."""
        assert await level.fill(b"a", entry(500, b"first", since=10))
        assert await level.fill(b"a", entry(3, b"second", since=20, generation=2))
        assert not await level.fill(b"a", entry(501, b"late", since=10))
        assert await level.fill(b"a", entry(600, b"back", since=30))
        assert await level.get(b"a") == entry(600, b"back", since=30)

    async def test_the_same_answer_may_be_kept_again(self, level: CacheLevel) -> None:
        """Two processes that read one state fill the same entry."""
        assert await level.fill(b"a", entry(5, position=6))
        assert await level.fill(b"a", entry(5, position=7))
        assert await level.get(b"a") == entry(5, position=7)

    async def test_of_many_who_fill_at_once_the_newest_stays(self, level: CacheLevel) -> None:
        """In whatever order they come."""
        numbers = [(each * 37) % 53 for each in range(53)]
        await asyncio.gather(*(level.fill(b"a", entry(number, b"%d" % number)) for number in numbers))
        assert await level.get(b"a") == entry(52, b"52")
