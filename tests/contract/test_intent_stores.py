"""The intents example's caches and conversations, in memory and in Valkey, keep one contract each."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from chat_intents.domain.errors import StoreFailedError
from chat_intents.domain.utterance import Conversation
from chat_intents.infrastructure.adapters.memory_conversations import MemoryConversations
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache
from duolog.testing.servers.free_port import free_port
from tests.contract.intent_stores import (
    LONG,
    WEATHER,
    ConversationsContract,
    IntentCacheContract,
    MakeCache,
    MakeConversations,
)

redis = pytest.importorskip("redis.asyncio", reason="the extra redis is not installed")

from chat_intents.infrastructure.adapters.redis_client import quick_client  # noqa: E402 - only where its driver is
from chat_intents.infrastructure.adapters.redis_conversations import RedisConversations  # noqa: E402 - as above
from chat_intents.infrastructure.adapters.redis_intent_cache import RedisIntentCache  # noqa: E402 - as above

NOWHERE = "redis://127.0.0.1:{port}/0"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Any]:
    client = quick_client(redis_url, seconds=10)
    yield client
    await client.aclose()


class TestMemoryCache(IntentCacheContract):
    @pytest.fixture
    def make_cache(self) -> MakeCache:
        def make(*, kept_seconds: float = LONG) -> MemoryIntentCache:
            return MemoryIntentCache(kept_seconds=kept_seconds)

        return make

    async def test_what_nobody_asked_for_the_longest_goes_first(self) -> None:
        """It is bounded by its number of entries."""
        cache = MemoryIntentCache(most_entries=2)
        await cache.set("a", WEATHER)
        await cache.set("b", WEATHER)
        await cache.get("a")
        await cache.set("c", WEATHER)
        assert [await cache.get(key) is not None for key in "abc"] == [True, False, True]
        assert len(cache) == 2


class TestValkeyCache(IntentCacheContract):
    @pytest.fixture
    def make_cache(self, client: Any) -> MakeCache:
        prefix = f"test:{uuid4().hex}:"

        def make(*, kept_seconds: float = LONG) -> RedisIntentCache:
            return RedisIntentCache(client, prefix=prefix, kept_seconds=kept_seconds)

        return make

    async def test_processes_share_it(self, make_cache: MakeCache) -> None:
        """What one has classified, another need not."""
        await make_cache().set("a", WEATHER)
        assert await make_cache().get("a") == WEATHER

    @pytest.mark.parametrize("data", [b"", b"weather", b'["weather"]', b'["rain",0.5]', b'["weather",1.5]', b"\xff"])
    async def test_what_is_no_classification_is_an_error_and_can_be_replaced(self, client: Any, data: bytes) -> None:
        """Nothing that somebody else has put there is believed."""
        prefix = f"test:{uuid4().hex}:"
        await client.set(f"{prefix}a", data)
        cache = RedisIntentCache(client, prefix=prefix)
        with pytest.raises(StoreFailedError, match="no classification"):
            await cache.get("a")
        await cache.set("a", WEATHER)
        assert await cache.get("a") == WEATHER

    async def test_a_server_that_is_not_there_is_an_error_at_once(self) -> None:
        """It names neither the server nor what was asked."""
        client = quick_client(NOWHERE.format(port=free_port("127.0.0.1")))
        for failing in (RedisIntentCache(client).get("a"), RedisIntentCache(client).set("a", WEATHER)):
            with pytest.raises(StoreFailedError, match=r"^ConnectionError$"):
                await failing
        await client.aclose()


class TestMemoryConversations(ConversationsContract):
    @pytest.fixture
    def make_conversations(self) -> MakeConversations:
        def make(*, remembered_seconds: float = LONG) -> MemoryConversations:
            return MemoryConversations(remembered_seconds=remembered_seconds)

        return make

    async def test_the_longest_silent_goes_first(self) -> None:
        """It is bounded by its number of conversations."""
        conversations = MemoryConversations(most=2)
        for who in "abc":
            await conversations.note(Conversation(who, ""), "hello")
        assert [await conversations.previous(Conversation(who, "")) for who in "abc"] == ["", "hello", "hello"]


class TestValkeyConversations(ConversationsContract):
    @pytest.fixture
    def make_conversations(self, client: Any) -> MakeConversations:
        prefix = f"test:{uuid4().hex}:"

        def make(*, remembered_seconds: float = LONG) -> RedisConversations:
            return RedisConversations(client, prefix=prefix, remembered_seconds=remembered_seconds)

        return make

    async def test_a_server_that_is_not_there_is_an_error_at_once(self) -> None:
        """It names neither the server nor what was said."""
        client = quick_client(NOWHERE.format(port=free_port("127.0.0.1")))
        conversations = RedisConversations(client)
        with pytest.raises(StoreFailedError, match=r"^ConnectionError$"):
            await conversations.note(Conversation("u", "c"), "hello")
        with pytest.raises(StoreFailedError, match=r"^ConnectionError$"):
            await conversations.previous(Conversation("u", "c"))
        await client.aclose()
