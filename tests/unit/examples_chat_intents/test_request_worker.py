"""The worker on a real stream: every message is answered once, and what cannot be is set aside."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from dishka import Provider, Scope

from chat_intents.application.commands.classify_intent import ClassifyIntentCommand, ClassifyIntentInteractor
from chat_intents.domain.errors import ClassifierUnavailableError
from chat_intents.domain.intent import Classification, Intent
from chat_intents.domain.utterance import Utterance
from chat_intents.infrastructure.adapters.memory_conversations import MemoryConversations
from chat_intents.infrastructure.adapters.memory_intent_cache import MemoryIntentCache
from chat_intents.presentation.request_worker import RequestWorker
from duolog import Application
from tests.unit.examples_chat_intents.asking import TableClassifier

redis = pytest.importorskip("redis.asyncio", reason="the extra redis is not installed")

from chat_intents.infrastructure.adapters.request_stream import RequestStream  # noqa: E402 - only where its driver is

SECRET = "a secret for tests only, 32 bytes"
IDLE = 0.2


class FailingClassifier(TableClassifier):
    """Fails so often, and then answers."""

    failures: int = 0
    error: Exception = ClassifierUnavailableError("down")

    async def classify(self, utterance: Utterance) -> Classification:
        told = await super().classify(utterance)
        if len(self.asked) <= self.failures:
            raise self.error
        return told


@dataclass
class Stream:
    """The streams of one test, as a producer and a consumer of answers see them."""

    client: Any
    prefix: str

    def end(self, worker: str) -> RequestStream:
        return RequestStream(self.client, worker, prefix=self.prefix)

    async def send(self, message_id: str, message: str = "hello", **fields: str | bytes) -> None:
        entry = {"id": message_id, "message": message, "conversation_id": "c", "user_id": "u", **fields}
        await self.client.xadd(f"{self.prefix}requests", entry)

    async def answers(self) -> list[tuple[str, dict[str, Any]]]:
        rows = await self.client.xrange(f"{self.prefix}answers")
        return [(fields[b"id"].decode(), json.loads(fields[b"answer"])) for _, fields in rows]

    async def refused(self) -> list[dict[str, str]]:
        rows = await self.client.xrange(f"{self.prefix}refused")
        return [{name.decode(): value.decode("utf-8", "replace") for name, value in each.items()} for _, each in rows]

    async def left(self) -> int:
        return int(await self.client.xlen(f"{self.prefix}requests"))


def make_app(classifier: TableClassifier, path: Path) -> Application:
    interactor = ClassifyIntentInteractor(classifier, MemoryIntentCache(), MemoryConversations())
    provider = Provider(scope=Scope.APP)
    provider.provide(lambda: interactor, provides=ClassifyIntentInteractor)
    return Application(
        "intents",
        database=f"sqlite:///{path}",
        handlers=[ClassifyIntentCommand.handled_by(ClassifyIntentInteractor)],
        providers=[provider],
        secret=SECRET,
    )


@asynccontextmanager
async def working(app: Application, end: RequestStream) -> AsyncIterator[RequestWorker]:
    """A worker that runs for the length of the block."""
    stop = asyncio.Event()
    worker = RequestWorker(app, end, idle_seconds=IDLE)
    task = asyncio.create_task(worker.run(stop))
    try:
        yield worker
    finally:
        stop.set()
        await task


@pytest.fixture
async def stream(redis_url: str) -> AsyncIterator[Stream]:
    async with redis.Redis.from_url(redis_url) as client:
        stream = Stream(client, f"test:{uuid4().hex}:")
        await stream.end("nobody").prepare()
        yield stream


async def nothing_left(stream: Stream) -> None:
    async with asyncio.timeout(20):
        while await stream.left():  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)


async def test_every_message_is_answered(stream: Stream, tmp_path: Path) -> None:
    """With its id; nothing is left in the stream afterwards."""
    classifier = TableClassifier({"will it rain": Intent.WEATHER})
    async with make_app(classifier, tmp_path / "i.db") as app, working(app, stream.end("a")):
        for number in range(40):
            await stream.send(f"m{number}", "will it rain", user_id=f"u{number}")
        await nothing_left(stream)
    answers = dict(await stream.answers())
    assert set(answers) == {f"m{number}" for number in range(40)}
    assert {answer["intent"] for answer in answers.values()} == {"weather"}
    assert len(classifier.asked) == 1


async def test_a_message_that_comes_twice_is_answered_once(stream: Stream, tmp_path: Path) -> None:
    """A producer that is not sure sends it again; nobody classifies it again either."""
    classifier = TableClassifier(confidence=0.1)  # which the cache does not keep
    async with make_app(classifier, tmp_path / "i.db") as app, working(app, stream.end("a")):
        for _ in range(3):
            await stream.send("m", "hello")
        await nothing_left(stream)
    assert [message for message, _ in await stream.answers()] == ["m"]
    assert len(classifier.asked) == 1


async def test_what_a_dead_worker_had_is_taken_over(stream: Stream, tmp_path: Path) -> None:
    """And what it had answered without acknowledging is not answered again."""
    await stream.send("answered")
    await stream.send("begun", "good day")
    dead = stream.end("dead")
    assert len(await dead.take(10, wait_seconds=1)) == 2
    assert await dead.answer("answered", b'{"intent": "general"}')
    async with make_app(TableClassifier(), tmp_path / "i.db") as app, working(app, stream.end("alive")):
        await nothing_left(stream)
    assert sorted(message for message, _ in await stream.answers()) == ["answered", "begun"]


async def test_what_a_slow_worker_still_holds_is_left_to_it(stream: Stream, tmp_path: Path) -> None:
    """It says that it works on it for as long as that takes."""
    classifier, other = TableClassifier(), TableClassifier()
    classifier.open.clear()
    async with make_app(classifier, tmp_path / "i.db") as app, working(app, stream.end("slow")):
        await stream.send("m")
        await classifier.called.wait()
        async with make_app(other, tmp_path / "other.db") as app_of_other, working(app_of_other, stream.end("other")):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(other.called.wait(), IDLE * 5)
        classifier.open.set()
        await nothing_left(stream)
    assert not other.asked
    assert [message for message, _ in await stream.answers()] == ["m"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"user_id": ""}, "length"),
        ({"message": "x" * 2_001}, "length"),
        ({"message": "  "}, "blank"),
        ({"message": b"\xff"}, "UTF-8"),
        ({"more": "fields"}, "fields"),
        ({"id": ""}, "fields"),
    ],
)
async def test_what_is_no_request_is_set_aside_and_the_others_go_on(
    stream: Stream, tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    """With what it was, and why."""
    async with make_app(TableClassifier(), tmp_path / "i.db") as app, working(app, stream.end("a")):
        await stream.send(**{"message_id": "bad", **({"message": "hello"} | fields)})
        await stream.send("good")
        await nothing_left(stream)
    assert [message for message, _ in await stream.answers()] == ["good"]
    (refused,) = await stream.refused()
    assert reason in refused["reason"]
    assert refused["conversation_id"] == "c"


async def test_an_id_that_is_used_for_another_message_is_set_aside(stream: Stream, tmp_path: Path) -> None:
    """Its first answer stays the only one."""
    async with make_app(TableClassifier(), tmp_path / "i.db") as app, working(app, stream.end("a")):
        await stream.send("m", "hello")
        await nothing_left(stream)
        await stream.send("m", "good bye")
        await nothing_left(stream)
    assert len(await stream.answers()) == 1
    assert "another message" in (await stream.refused())[0]["reason"]


async def test_while_the_classifier_is_down_messages_wait(stream: Stream, tmp_path: Path) -> None:
    """However often they are tried, none is given up."""
    classifier = FailingClassifier()
    classifier.failures = 8
    async with make_app(classifier, tmp_path / "i.db") as app, working(app, stream.end("a")):
        await stream.send("m")
        await nothing_left(stream)
    assert [message for message, _ in await stream.answers()] == ["m"]
    assert len(classifier.asked) == 9


async def test_what_fails_again_and_again_is_set_aside(stream: Stream, tmp_path: Path) -> None:
    """After five deliveries, with the kind of the error."""
    classifier = FailingClassifier()
    classifier.failures, classifier.error = 100, ZeroDivisionError()
    async with make_app(classifier, tmp_path / "i.db") as app, working(app, stream.end("a")):
        await stream.send("m")
        await nothing_left(stream)
    (refused,) = await stream.refused()
    assert refused["reason"] == "it failed 5 times, last with ZeroDivisionError"
    assert len(classifier.asked) == 5


async def test_messages_of_one_conversation_are_answered_in_order(stream: Stream, tmp_path: Path) -> None:
    """So that a follow-up finds what it points back to."""
    classifier = TableClassifier(otherwise=Intent.WASTE)
    async with make_app(classifier, tmp_path / "i.db") as app:
        for number in range(5):
            await stream.send(f"q{number}", f"question number {number}")
            await stream.send(f"f{number}", "what about tomorrow?")
        async with working(app, stream.end("a")):
            await nothing_left(stream)
    contexts = [utterance.context.text for utterance in classifier.asked if utterance.context is not None]
    assert contexts == [f"question number {number}" for number in range(5)]


async def test_a_group_that_is_lost_is_made_again(stream: Stream, tmp_path: Path) -> None:
    """Like after a server that keeps nothing has come back."""
    async with make_app(TableClassifier(), tmp_path / "i.db") as app, working(app, stream.end("a")):
        await stream.send("first")
        await nothing_left(stream)
        await stream.client.delete(f"{stream.prefix}requests")
        await stream.send("second")
        await nothing_left(stream)
    assert [message for message, _ in await stream.answers()] == ["first", "second"]
