"""E11: a hundred tasks with one idempotency key and two bodies, some cancelled: one effect, and one answer for all."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from duolog import Application
from duolog.errors import IdempotencyInFlightError, IdempotencyKeyReusedError
from tests.faults.accounts_by_key import OpenAccountCommand, accounts_api, accounts_application
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.outsiders import outsider_of
from tests.faults.steps import CancelledAt

KEYS = size(short=4, long=100)
TASKS = 100
BODIES = ("one body", "other body")
PATIENCE = 30.0
CANCELLED = 0.3  # of the tasks
LATEST_WAIT = 6  # at which a task is cancelled

Send = Callable[[str, str], Awaitable[str]]


class InFlightError(Exception):
    """The key is in flight; to be sent again."""


class ReusedError(Exception):
    """The key belongs to another body."""


def in_process(app: Application) -> Send:
    async def send(key: str, owner: str) -> str:
        try:
            return str(await app.execute(OpenAccountCommand(owner), idempotency_key=key))
        except IdempotencyInFlightError as error:
            raise InFlightError from error
        except IdempotencyKeyReusedError as error:
            raise ReusedError from error

    return send


def over_http(client: httpx.AsyncClient) -> Send:
    async def send(key: str, owner: str) -> str:
        answer = await client.post("/accounts", json={"owner": owner}, headers={"Idempotency-Key": key})
        if answer.status_code == 409:
            raise InFlightError
        if answer.status_code == 422:
            raise ReusedError
        assert answer.status_code == 200, answer.text
        return answer.text

    return send


async def until_answered(send: Send, key: str, owner: str) -> str | None:
    """Send until the key is not in flight; return the answer, or None if the key belongs to the other body."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await send(key, owner)
            except InFlightError:
                await asyncio.sleep(0.001)
            except ReusedError:
                return None


class Sending:
    """All tasks of one key, and what they were answered.

    Args:
        key: the key.
        senders: ways to applications that do not know each other.
        experiment: where it is noted.
    """

    def __init__(self, key: str, senders: Sequence[Send], experiment: Experiment) -> None:
        self._key = key
        self._senders = senders
        self._experiment = experiment
        self._answers: dict[str, Counter[str | None]] = {owner: Counter() for owner in self.owners}

    @property
    def owners(self) -> list[str]:
        """What is asked for, by body."""
        return [f"{self._key}, {body}" for body in BODIES]

    async def run(self) -> None:
        """Send them all side by side, then each body once more, and note what was answered."""
        for owner in self.owners:
            self._experiment.invoke(owner)
        await asyncio.gather(*(self._one(self._experiment.chance) for _ in range(TASKS)))
        for owner in self.owners:
            self._answers[owner][await until_answered(self._senders[0], self._key, owner)] += 1
        for owner, answers in self._answers.items():
            self._experiment.expect(len(answers) == 1, f"{owner}: answered differently, {dict(answers)}")
            self._experiment.answer(owner, Answer.FAIL if None in answers else Answer.OK)
        refused = [owner for owner, answers in self._answers.items() if None in answers]
        self._experiment.expect(len(refused) == 1, f"{self._key}: one body has the key, refused were {refused}")

    async def _one(self, chance: random.Random) -> None:
        owner, send = chance.choice(self.owners), chance.choice(self._senders)
        sent = until_answered(send, self._key, owner)
        if chance.random() >= CANCELLED:
            self._answers[owner][await sent] += 1
            return
        step = CancelledAt(sent, chance.randint(1, LATEST_WAIT), late=chance.random() < 0.5)

        async def cancelled() -> str | None:
            return await step

        task = asyncio.create_task(cancelled())
        await asyncio.wait((task,))
        if not task.cancelled():
            self._answers[owner][task.result()] += 1
        if step.struck:
            self._experiment.fault("cancelled request")


async def stored(url: str) -> tuple[list[str], list[str]]:
    """Return the owners by rows and by events, as often as they are there."""
    rows, events = await outsider_of(url).read("SELECT owner FROM accounts", "SELECT data FROM {events}")
    return sorted(rows), sorted(json.loads(data)["owner"] for data in events)


@pytest.mark.parametrize("way", ["in process", "HTTP"])
async def test_one_key_has_one_effect_and_one_answer(way: str, url: str) -> None:
    experiment = Experiment(f"E11 one idempotency key, {TASKS} tasks, two applications: {way}, {urlsplit(url).scheme}")
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(accounts_application(url)) for _ in range(2)]
        if way == "HTTP":
            transports = [httpx.ASGITransport(accounts_api(app)) for app in apps]
            clients = [httpx.AsyncClient(transport=each, base_url="http://accounts") for each in transports]
            senders = [over_http(await stack.enter_async_context(client)) for client in clients]
        else:
            senders = [in_process(app) for app in apps]
        for number in range(KEYS):
            await Sending(f"key-{number}", senders, experiment).run()
    rows, events = await stored(url)
    experiment.expect(rows == events, f"rows and events differ by {set(rows) ^ set(events)}")
    experiment.compare(events)
    experiment.conclude()
