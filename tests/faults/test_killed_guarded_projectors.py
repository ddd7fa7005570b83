"""A projector is killed between its write to Valkey and its checkpoint: no event takes effect twice, none is missed."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest

pytest.importorskip("redis", reason="the extra redis is not installed")

from redis.asyncio import Redis

from duolog.adapters.redis import RedisGuardedKeys
from duolog.testing.applications import application
from tests.faults.experiment import size
from tests.faults.guarded_projector import Counted, counting
from tests.faults.processes import ROOT

_EVENTS: Final = 60
_KEYS: Final = ("a", "b", "c", "d")


async def test_a_killed_projector_counts_every_event_once_in_effect(tmp_path: Path, redis_url: str) -> None:
    database, namespace = f"sqlite:///{tmp_path / 'counts.db'}", f"faults:{uuid4().hex}"
    expected = Counter[str]()
    async with application(database=database, events=[Counted]) as app:
        for number in range(_EVENTS):
            key = _KEYS[number * number % len(_KEYS)]
            await app.database.store.append(f"counted-{key}", [app.codec.encode(Counted(key))])
            expected[key] += 1
    for writes in range(1, _EVENTS, size(short=17, long=3)):
        killed = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "tests.faults.guarded_projector", database, redis_url, namespace, str(writes)],
            cwd=ROOT,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
    async with counting(database, redis_url, namespace) as app:
        await app.caught_up(timeout=30)
        async with Redis.from_url(redis_url) as client:
            keys = RedisGuardedKeys(client, app.database.store.log_id, namespace=namespace)
            assert {key: int(await keys.get(key) or b"0") for key in expected} == expected
