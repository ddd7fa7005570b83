"""The levels of the query cache in memory and in Valkey keep one contract."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from duolog.errors import ConfigurationError
from duolog.read.caching.memory_cache import MemoryCache
from duolog.testing.contracts import CacheLevelContract
from duolog.testing.contracts.cache_levels import entry
from duolog.testing.servers.free_port import free_port

redis = pytest.importorskip("redis.asyncio", reason="the extra redis is not installed")

from duolog.adapters.redis import RedisCache  # noqa: E402 - only where its driver is


class TestMemory(CacheLevelContract):
    @pytest.fixture
    def level(self) -> MemoryCache:
        return MemoryCache()

    def test_the_least_recently_used_go_first(self) -> None:
        """It holds no more entries than it has room for; one that was found is used."""
        cache = MemoryCache(entries=2)
        for key in (b"a", b"b"):
            assert cache.keep(key, entry(1))
        assert cache.find(b"a") is not None
        assert cache.keep(b"c", entry(1))
        assert [key for key in (b"a", b"b", b"c") if cache.find(key) is not None] == [b"a", b"c"]

    def test_it_is_bounded_by_bytes(self) -> None:
        """Large answers push others out, one larger than the cache is not kept, nothing is counted twice."""
        cache = MemoryCache(size=10_000)
        assert not cache.keep(b"a", entry(1, bytes(10_000)))
        for turn in range(50):
            assert cache.keep(b"%d" % (turn % 9), entry(turn, bytes(turn * 40)))
            assert cache.size <= 10_000
        for key in range(9):
            assert cache.keep(b"%d" % key, entry(100, b""))
        assert (len(cache), cache.size) == (9, 9 * 513)


class TestValkey(CacheLevelContract):
    @pytest.fixture
    async def level(self, redis_url: str) -> AsyncIterator[RedisCache]:
        client = redis.Redis.from_url(redis_url)
        yield RedisCache(client, namespace=f"test:{uuid4().hex}")
        await client.aclose()

    async def test_an_answer_is_forgotten_in_time(self, redis_url: str) -> None:
        """Nothing that nobody replaces stays for good."""
        client = redis.Redis.from_url(redis_url)
        namespace = f"test:{uuid4().hex}"
        await RedisCache(client, namespace=namespace, keep_seconds=30).fill(b"a", entry(1))
        assert 0 < await client.pttl(f"{namespace}:a") <= 30_000
        await client.aclose()

    async def test_what_is_no_entry_is_an_error(self, redis_url: str) -> None:
        """Whoever shares the server and the namespace is not believed."""
        client = redis.Redis.from_url(redis_url)
        namespace = f"test:{uuid4().hex}"
        for foreign in (b"", b"nonsense", b"|", b"1|2|3|" + b"x" * 99):
            await client.set(f"{namespace}:a", foreign)
            with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong with it
                await RedisCache(client, namespace=namespace).get(b"a")
        await client.aclose()

    async def test_a_server_that_does_not_answer_is_an_error(self) -> None:
        """Its caller goes on without it."""
        client = redis.Redis(host="127.0.0.1", port=free_port("127.0.0.1"), retry=None)
        with pytest.raises(redis.RedisError):
            await RedisCache(client).get(b"a")

    def test_a_client_that_decodes_is_refused(self) -> None:
        """Answers are bytes, which such a client would try to read as text."""
        with pytest.raises(ConfigurationError, match="decodes"):
            RedisCache(redis.Redis(decode_responses=True))
