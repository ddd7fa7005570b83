"""Guarded keys in memory and in Valkey keep one contract."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from duolog.adapters.memory.guarded_keys import KeptValue, MemoryGuardedKeys
from duolog.errors import ConfigurationError, DatabaseError
from duolog.testing.contracts import GuardedKeysContract
from duolog.testing.contracts.guarded_keys import MakeKeys
from duolog.testing.servers.free_port import free_port

redis = pytest.importorskip("redis.asyncio", reason="the extra redis is not installed")

from duolog.adapters.redis import RedisGuardedKeys  # noqa: E402 - only where its driver is


class TestMemory(GuardedKeysContract):
    @pytest.fixture
    def make_keys(self) -> MakeKeys:
        kept = dict[str, KeptValue]()

        def make(*, log_id: str = "log", tombstone_seconds: float = 60.0) -> MemoryGuardedKeys:
            return MemoryGuardedKeys(kept, log_id, tombstone_seconds=tombstone_seconds)

        return make


class TestValkey(GuardedKeysContract):
    @pytest.fixture
    async def make_keys(self, redis_url: str) -> AsyncIterator[MakeKeys]:
        client = redis.Redis.from_url(redis_url)
        namespace = f"test:{uuid4().hex}"

        def make(*, log_id: str = "log", tombstone_seconds: float = 60.0) -> RedisGuardedKeys:
            return RedisGuardedKeys(client, log_id, namespace=namespace, tombstone_seconds=tombstone_seconds)

        yield make
        await client.aclose()

    async def test_a_server_that_does_not_answer_is_a_database_error(self) -> None:
        """The projection tries again later: it is not the event's fault."""
        client = redis.Redis(host="127.0.0.1", port=free_port("127.0.0.1"), retry=None)
        with pytest.raises(DatabaseError, match="ConnectionError"):
            await RedisGuardedKeys(client, "log", namespace="n").put("a", b"", position=1)

    def test_a_client_that_decodes_is_refused(self) -> None:
        """Values are bytes, which such a client would try to read as text."""
        with pytest.raises(ConfigurationError, match="decodes"):
            RedisGuardedKeys(redis.Redis(decode_responses=True), "log", namespace="n")
