"""A worker of the intents example is killed at each of its steps: no answer is lost, and none is doubled."""

import asyncio
import json
import multiprocessing
import signal
import time
from collections import Counter
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.faults.experiment import Answer, Experiment, size

redis = pytest.importorskip("redis.asyncio", reason="the extra redis is not installed")

from tests.faults.intents_worker import work, work_and_die  # noqa: E402 - only where its driver is

pytestmark = pytest.mark.timeout(300)
MESSAGES = {"a": "Will it rain today?", "b": "How much is copper?", "c": "소파 버리는 법", "d": "hello there"}
STEPS = 5 * len(MESSAGES)
SECONDS = 60


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Makes processes that have everything imported already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.intents_worker"])
    return context


async def run_killed(worker: ForkServerProcess) -> None:
    """Run a worker that kills itself."""
    worker.start()
    await asyncio.to_thread(worker.join, SECONDS)
    assert worker.exitcode == -signal.SIGKILL


async def answers(client: Any, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    rows = await client.xrange(f"{prefix}answers")
    return [(fields[b"id"].decode(), json.loads(fields[b"answer"])) for _, fields in rows]


async def test_wherever_a_worker_is_killed_each_message_is_answered_once(
    processes: ForkServerContext, redis_url: str, tmp_path: Path
) -> None:
    experiment = Experiment("E10 kill -9 of workers of a stream: every step between taking and acknowledging")
    stride = size(short=8, long=1)
    seen = Counter[str]()
    async with redis.Redis.from_url(redis_url) as client:
        # In short form every kind of step is met all the same: a message has five, and is taken alone.
        for kill_at in [1, 2, 3, 4, 5, *range(6 + experiment.chance.randrange(stride), STEPS, stride)]:
            prefix, folder = f"test:{uuid4().hex}:", tmp_path / str(kill_at)
            folder.mkdir()
            for name in MESSAGES:
                experiment.invoke(f"{kill_at}/{name}")
            for name, message in [*MESSAGES.items(), ("a", MESSAGES["a"])]:  # the producer sends one twice
                fields = {"id": name, "message": message, "conversation_id": name, "user_id": "u"}
                await client.xadd(f"{prefix}requests", fields)
            database = f"sqlite:///{folder / 'intents.db'}"
            told = folder / "told"
            await run_killed(processes.Process(target=work_and_die, args=(redis_url, database, prefix, kill_at, told)))
            killed = told.read_text(encoding="ascii")
            experiment.fault(killed, overlaps=True)
            seen[killed] += 1
            early = await answers(client, prefix)
            began = time.monotonic()
            await work(redis_url, database, prefix)
            experiment.recoveries.append(time.monotonic() - began)
            late = await answers(client, prefix)
            experiment.expect(late[: len(early)] == early, f"killed at {kill_at}: an answer has changed")
            for name in MESSAGES:
                experiment.answer(f"{kill_at}/{name}", Answer.OK)
            among = [f"{kill_at}/{name}" for name in MESSAGES]
            experiment.compare((f"{kill_at}/{name}" for name, _ in late), among=among)
            left = await client.xlen(f"{prefix}requests")
            experiment.expect(left == 0, f"killed at {kill_at}: {left} requests are left")
    experiment.expect(
        set(seen) == {f"killed when {step}" for step in ("taken", "classified", "answered", "acknowledging", "done")},
        f"not every step was met: {seen}",
    )
    experiment.conclude()
