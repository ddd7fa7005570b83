"""Counts what happened to each key in Valkey, in a process that may be killed right behind its nth write."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dishka import Provider, Scope, provide
from redis.asyncio import Redis

from duolog import event
from duolog.adapters.redis import RedisGuardedKeys
from duolog.application.application import Application
from duolog.errors import DuologError
from duolog.eventstore.port import EventStore
from duolog.messages.envelope import RecordedEvent
from duolog.projections.guarded_keys import GuardedKeys
from duolog.projections.projection import Projection
from duolog.testing.applications import application


@event("faults.counted")
@dataclass(frozen=True, slots=True)
class Counted:
    key: str


class Counts(Projection):
    """Reads and writes in two steps, so that an event that takes effect twice is seen."""

    name, version = "guarded_counts", 1

    def __init__(self, keys: GuardedKeys) -> None:
        self._keys = keys

    async def on_counted(self, event: Counted, recorded: RecordedEvent) -> None:
        count = int(await self._keys.get(event.key) or b"0")
        await self._keys.put(event.key, b"%d" % (count + 1), position=recorded.position)


class DeadlyKeys(RedisGuardedKeys):
    """Kills its process behind the write with which its time is up."""

    left = 0

    async def put(self, key: str, value: bytes, *, position: int) -> bool:
        done = await super().put(key, value, position=position)
        DeadlyKeys.left -= 1
        if not DeadlyKeys.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return done


class KeysProvider(Provider):
    scope = Scope.REQUEST

    def __init__(self, url: str, namespace: str) -> None:
        super().__init__()
        self._url = url
        self._namespace = namespace

    @provide(scope=Scope.APP)
    async def client(self) -> AsyncIterator[Redis]:
        client = Redis.from_url(self._url)
        yield client
        await client.aclose()

    @provide
    def keys(self, client: Redis, store: EventStore) -> GuardedKeys:
        return DeadlyKeys(client, store.log_id, namespace=self._namespace)


def counting(database: str, redis: str, namespace: str) -> Application:
    """Make an application that counts."""
    return application(database=database, projections=[Counts], providers=[KeysProvider(redis, namespace)])


async def main(arguments: Sequence[str]) -> None:
    """Count until everything is counted, or the process is killed."""
    database, redis, namespace, writes = arguments
    DeadlyKeys.left = int(writes)
    async with counting(database, redis, namespace) as app:
        with suppress(DuologError):
            await app.caught_up(timeout=20)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
