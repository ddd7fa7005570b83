"""Processes share answers through Valkey, and answer right whatever it does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from duolog import Caching
from duolog.read.caching.entry import CacheEntry
from duolog.read.caching.level import CacheLevel
from duolog.read.caching.memory_cache import MemoryCache
from duolog.testing.servers import ValkeyServer
from tests.unit.application.tallies import Add, GetTally, GetTallyStrictly, ListTallies, Probe, Tally, tallies

redis = pytest.importorskip("redis.asyncio", reason="the extra redis is not installed")

from duolog.adapters.redis import RedisCache  # noqa: E402 - only where its driver is
from tests.killed_valkey import kill_valkey  # noqa: E402 - as above


@dataclass
class Slow:
    """A level between which and its callers a test stands.

    Attributes:
        level: the level.
        may_fill: fills arrive once it is set.
        filling: set when a fill is on its way.
        error: what it raises instead.
    """

    level: CacheLevel = field(default_factory=MemoryCache)
    may_fill: asyncio.Event = field(default_factory=asyncio.Event)
    filling: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.may_fill.set()

    async def get(self, key: bytes) -> CacheEntry | None:
        if self.error is not None:
            raise self.error
        return await self.level.get(key)

    async def fill(self, key: bytes, entry: CacheEntry) -> bool:
        if self.error is not None:
            raise self.error
        self.filling.set()
        await self.may_fill.wait()
        return await self.level.fill(key, entry)


@pytest.fixture
async def valkey(redis_url: str) -> AsyncIterator[RedisCache]:
    client = redis.Redis.from_url(redis_url)
    yield RedisCache(client, namespace=f"test:{uuid4().hex}")
    await client.aclose()


@pytest.mark.parametrize("entries", [0, 100])
async def test_an_answer_of_one_process_serves_another(shared_url: str, valkey: RedisCache, entries: int) -> None:
    """Whoever asked first, the others need not ask; and each change is seen by all."""
    caching = Caching(entries=entries, shared=valkey)
    one, two = Probe(), Probe()
    async with tallies(shared_url, one, caching=caching) as first, tallies(shared_url, two, caching=caching) as second:
        for amount in range(1, 4):
            written = await first.execute_with_receipt(Add("a"))
            assert await first.query(GetTally("a"), after=written.position) == Tally("a", amount)
            assert await second.query(GetTally("a"), after=written.position) == Tally("a", amount)
            assert (one.asked, two.asked) == (amount, 0)
        assert second.cache_figures()["GetTally"].shared == 3


async def test_a_change_delivered_by_another_process_is_news(shared_url: str) -> None:
    """A newer entry tells that the view has changed, so that nothing older is served afterwards."""
    caching = Caching(shared=MemoryCache())
    async with tallies(shared_url, caching=caching) as writer, tallies(shared_url, caching=caching) as reader:
        for app in (writer, reader):
            await app.caught_up()
            assert await app.query(GetTally("a")) is None
        written = await writer.execute_with_receipt(Add("a"))
        assert await writer.query(ListTallies(), after=written.position) == [Tally("a", 1)]
        assert await reader.query(ListTallies()) == [Tally("a", 1)]
        assert await reader.query(GetTally("a")) == Tally("a", 1)


async def test_a_delayed_fill_of_the_shared_level_changes_no_answer(shared_url: str) -> None:
    """E15: an answer that was read before a change arrives in the level after the newer one."""
    slow = Slow()
    caching = Caching(entries=0, shared=slow, shared_seconds=60)
    async with tallies(shared_url, caching=caching) as one, tallies(shared_url, caching=caching) as two:
        written = await one.execute_with_receipt(Add("a"))
        await one.caught_up()
        slow.may_fill.clear()
        late = asyncio.create_task(one.query(GetTally("a"), after=written.position))
        await slow.filling.wait()
        changed = await one.execute_with_receipt(Add("a"))
        slow.may_fill.set()
        assert await two.query(GetTally("a"), after=changed.position) == Tally("a", 2)
        assert await late == Tally("a", 1)
        for app in (one, two):
            assert await app.query(GetTally("a"), after=changed.position) == Tally("a", 2)
            assert await app.query(GetTally("a")) == Tally("a", 2)


async def test_a_level_that_fails_is_reported_and_changes_no_answer(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each failure is counted, one line is logged for a while, and the level is left alone for that while."""
    probe = Probe()
    slow = Slow(error=ConnectionError("redis://user:a password@host"))
    caching = Caching(entries=0, shared=slow, rest_seconds=60)
    with caplog.at_level(logging.WARNING, "duolog.cache"):
        async with tallies(url, probe, caching=caching) as app:
            await app.caught_up()
            assert [await app.query(GetTally("a")) for _ in range(5)] == [None] * 5
            assert app.cache_figures()["GetTally"].failures == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the shared cache failed, and queries are answered without it: ConnectionError"
    ]
    assert probe.asked == 5


async def test_a_level_that_does_not_answer_is_not_waited_for(url: str) -> None:
    """A query takes no longer than the limit says, and the next ones do not ask it."""
    slow = Slow()
    slow.may_fill.clear()
    async with tallies(url, caching=Caching(shared=slow, shared_seconds=0.05, rest_seconds=60)) as app:
        await app.caught_up()
        async with asyncio.timeout(30):
            assert await app.query(GetTally("a")) is None
            assert await app.query(GetTally("b")) is None
        assert app.cache_figures()["GetTally"].failures == 1


async def test_killing_valkey_changes_no_answer(shared_url: str) -> None:
    """E15: the server is killed between two questions, and another one takes its place: all answers are right."""
    with ValkeyServer() as first:
        client = redis.Redis.from_url(first.url)
        level = Slow(RedisCache(client))
        caching = Caching(entries=0, shared=level, rest_seconds=0.01)
        async with tallies(shared_url, caching=caching) as app:

            async def ask(amounts: range) -> None:
                for amount in amounts:
                    written = await app.execute_with_receipt(Add("a"))
                    for kind in (GetTally, GetTallyStrictly):
                        assert await app.query(kind("a"), after=written.position) == Tally("a", amount)
                        assert await app.query(kind("a")) == Tally("a", amount)

            await ask(range(1, 10))
            figures = app.cache_figures()["GetTally"]
            assert (figures.shared > 0, figures.failures) == (True, 0)
            await kill_valkey(first.url)
            await ask(range(10, 20))
            assert app.cache_figures()["GetTally"].failures > 0
            await client.aclose()
            with ValkeyServer() as second:
                client = redis.Redis.from_url(second.url)
                level.level = RedisCache(client)
                await asyncio.sleep(0.02)
                await ask(range(20, 30))
                assert app.cache_figures()["GetTally"].shared > figures.shared
                await client.aclose()
