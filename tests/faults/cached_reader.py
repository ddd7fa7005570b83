"""A process that writes and reads tallies.

``python -m tests.faults.cached_reader URL REDIS_URL SECONDS SEED [REPLICA_URL]``

It prints ``ready``, and then what it did, a line each, by the machine's monotonic clock:
``write key invoked answered``, ``KIND key invoked answered total`` and at the end
``figures shared memory queried failures snapshots``, the last of the replica. Direct reads are those of the database
itself. Answers are slow to come out of the query service, and slow to get into the shared level: fills are late. So is
what this process hears of its own commits, and what it reads of its views.
"""

# ruff: noqa: S311, T201 - choices of a test, and what it prints is read by the test

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from duolog import Application, Caching, Settings
from duolog.adapters.redis import RedisCache
from duolog.application.view_news import ViewNews
from duolog.read.caching.entry import CacheEntry
from duolog.subscriptions.share import Share
from tests.unit.application.tallies import Add, GetTally, GetTallyStrictly, ListTallies, PeekTally, Probe, tallies

KEYS = tuple("abcdefghijklmnop")
STALENESS = 0.2  # of ListTallies
TASKS = 6


@dataclass
class SlowProbe(Probe):
    """Keeps an answer back for a while, after its rows were read."""

    async def read(self) -> None:
        await asyncio.sleep(random.choice((0, 0, 0.002, 0.02)))


class SlowCache(RedisCache):
    """Keeps fills back for a while."""

    __slots__ = ()

    async def fill(self, key: bytes, entry: CacheEntry) -> bool:
        await asyncio.sleep(random.choice((0, 0, 0, 0.03)))
        return await super().fill(key, entry)


def be_late(database: type) -> None:
    """Let what this process hears of its own commits, and what it reads of its views, arrive late."""
    processed, look = ViewNews.processed, database.view_changes  # type: ignore[attr-defined]

    def late_news(news: ViewNews, share: Share, events: int) -> None:
        asyncio.get_running_loop().call_later(random.choice((0, 0.005, 0.05)), processed, news, share, events)

    async def late_look(source: object, views: Sequence[str]) -> Any:
        changes = await look(source, views)
        await asyncio.sleep(random.choice((0, 0, 0.002, 0.02)))
        return changes

    setattr(ViewNews, "processed", late_news)  # noqa: B010 - nothing of ours is made late in any other way
    setattr(database, "view_changes", late_look)  # noqa: B010 - as above


async def act(app: Application, direct: Application, ends_at: float) -> None:
    """Write and read, one thing after another."""
    while (began := time.monotonic()) < ends_at:
        key, choice = random.choice(KEYS), random.random()
        if choice < 0.01:
            receipt = await app.execute_with_receipt(Add(key))
            print("write", key, began, time.monotonic())
            began = time.monotonic()
            found = await app.query(GetTally(key), after=receipt.position, timeout=30)
            tell("after", key, began, 0 if found is None else found.total)
        elif choice < 0.4:
            for each in await app.query(ListTallies()):
                tell("bounded", each.name, began, each.total)
        else:
            if random.random() < 0.5:
                kind, found = "strict", await app.query(GetTallyStrictly(key))
            else:
                kind, found = "direct", await direct.query(PeekTally(key))
            tell(kind, key, began, 0 if found is None else found.total)
        await asyncio.sleep(random.random() * 0.01)


def tell(kind: str, key: str, began: float, total: int) -> None:
    print(kind, key, began, time.monotonic(), total)


async def main(url: str, redis_url: str, seconds: float, *replicas: str) -> None:
    client = Redis.from_url(redis_url)
    caching = Caching(shared=SlowCache(client), rest_seconds=0.2)
    settings = Settings(replica_look_seconds=0.1)
    direct = tallies(url, SlowProbe())
    await direct.start(projections=False)
    async with tallies(url, SlowProbe(), caching=caching, settings=settings, replicas=replicas) as app:
        be_late(type(app.database))
        await app.caught_up()
        print("ready", flush=True)
        ends_at = time.monotonic() + seconds
        await asyncio.gather(*(act(app, direct, ends_at) for _ in range(TASKS)))
        every = app.cache_figures().values()
        figures = [sum(getattr(each, name) for each in every) for name in ("shared", "memory", "queried", "failures")]
        print("figures", *figures, sum(each.snapshots for each in app.replicas.statuses()) if app.replicas else 0)
    await direct.close()
    await client.aclose()


if __name__ == "__main__":
    random.seed(int(sys.argv[4]))
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]), *sys.argv[5:]))
