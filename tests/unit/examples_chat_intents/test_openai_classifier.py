"""The classifier behind an HTTP endpoint, against a server that speaks the protocol."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from chat_intents.domain.errors import ClassifierUnavailableError
from chat_intents.domain.intent import Classification, Intent
from chat_intents.domain.utterance import Context, Conversation, Utterance
from chat_intents.infrastructure.adapters.circuit_breaker import CircuitBreaker
from chat_intents.infrastructure.adapters.openai_classifier import Endpoint, OpenAiClassifier
from tests.unit.examples_chat_intents.completions_server import Reply, serving, told, told_intent

KEY = "canary-key-of-a-test"
RAIN = Utterance("will it rain")
ENDPOINT = Endpoint("", "tiny-1", KEY, attempt_seconds=0.3, total_seconds=5.0, attempts=3, pause_seconds=0.001)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


async def test_an_answer_of_the_asked_form_is_taken(client: httpx.AsyncClient) -> None:
    """The request names the model, the ten intents and the key, and has the text as data of its own."""
    async with serving(told_intent("weather", 0.75)) as server:
        classifier = OpenAiClassifier(client, replace(ENDPOINT, url=server.url))
        assert await classifier.classify(RAIN) == Classification(Intent.WEATHER, 0.75)
    (body,) = server.bodies
    assert (body["model"], body["temperature"], server.tokens) == ("tiny-1", 0, [f"Bearer {KEY}"])
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == "will it rain"
    assert body["response_format"]["json_schema"]["schema"]["properties"]["intent"]["enum"] == list(Intent)


async def test_the_context_of_a_follow_up_is_told(client: httpx.AsyncClient) -> None:
    """It comes before the text."""
    async with serving(told_intent("weather")) as server:
        classifier = OpenAiClassifier(client, replace(ENDPOINT, url=server.url))
        await classifier.classify(Utterance("and tomorrow?", Context(Conversation("u", "c"), "will it rain")))
    assert [message["content"] for message in server.bodies[0]["messages"][1:]] == ["will it rain", "and tomorrow?"]


async def test_an_intent_that_is_none_of_ours_is_general_and_not_sure(client: httpx.AsyncClient) -> None:
    """However sure the model is of it, it is not kept in the cache."""
    async with serving(told_intent("recycling", 0.99)) as server:
        classifier = OpenAiClassifier(client, replace(ENDPOINT, url=server.url))
        assert await classifier.classify(RAIN) == Classification(Intent.GENERAL, 0.0)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "failing",
    [
        Reply(b"oops", 500),
        Reply(b"", 429, (("Retry-After", "0"),)),
        Reply(b"", closes=True),
        Reply(b"", seconds=5),
        Reply(b"not json"),
        Reply(b'{"choices": []}'),
        Reply(b" " * 70_000),
        told("It will rain, I think."),
        told('{"intent": "weather"}'),
        told('{"intent": "weather", "confidence": 7}'),
        told('{"intent": "weather", "confidence": "high"}'),
    ],
    ids=["500", "429", "cut", "slow", "no JSON", "no choice", "too large", "prose", "no confidence", "7", "high"],
)
async def test_what_may_pass_is_tried_again(
    client: httpx.AsyncClient, failing: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    """Two failures, and the third attempt answers; the failures are logged without the text and the key."""
    async with serving(failing, failing, told_intent("weather")) as server:
        classifier = OpenAiClassifier(client, replace(ENDPOINT, url=server.url))
        with caplog.at_level(logging.WARNING, "chat_intents"):
            assert (await classifier.classify(RAIN)).intent is Intent.WEATHER
    assert len(server.bodies) == 3
    assert len(caplog.records) == 2
    assert "rain" not in caplog.text.lower()
    assert KEY not in caplog.text


async def test_attempts_are_bounded(client: httpx.AsyncClient) -> None:
    """After the last one there is no answer."""
    async with serving(Reply(b"", 503)) as server:
        with pytest.raises(ClassifierUnavailableError, match="status 503"):
            await OpenAiClassifier(client, replace(ENDPOINT, url=server.url)).classify(RAIN)
    assert len(server.bodies) == 3


async def test_all_attempts_together_have_a_time_limit(client: httpx.AsyncClient) -> None:
    """Whatever the endpoint asks to wait."""
    async with serving(Reply(b"", 503, (("Retry-After", "3600"),))) as server:
        endpoint = replace(ENDPOINT, url=server.url, total_seconds=0.2)
        with pytest.raises(ClassifierUnavailableError, match="time limit"):
            await OpenAiClassifier(client, endpoint).classify(RAIN)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("status", [400, 401, 404])
async def test_what_will_not_pass_is_not_tried_again(client: httpx.AsyncClient, status: int) -> None:
    """Like a wrong key."""
    async with serving(Reply(b"", status)) as server:
        with pytest.raises(ClassifierUnavailableError, match=str(status)):
            await OpenAiClassifier(client, replace(ENDPOINT, url=server.url)).classify(RAIN)
    assert len(server.bodies) == 1


async def test_an_endpoint_that_is_down_is_spared_and_tried_again_later(client: httpx.AsyncClient) -> None:
    """While it is spared nothing is sent; then one request goes through, and if it succeeds all do."""
    now = 0.0
    breaker = CircuitBreaker(failures=2, open_seconds=10, clock=lambda: now)
    async with serving(Reply(b"", 500), Reply(b"", 500), told_intent("weather")) as server:
        classifier = OpenAiClassifier(client, replace(ENDPOINT, url=server.url, attempts=1), breaker)
        for reason in ("500", "500", "spared", "spared"):
            with pytest.raises(ClassifierUnavailableError, match=reason):
                await classifier.classify(RAIN)
        assert len(server.bodies) == 2
        now = 10.0
        assert (await classifier.classify(RAIN)).intent is Intent.WEATHER
        assert (await classifier.classify(RAIN)).intent is Intent.WEATHER


def test_another_model_is_another_version() -> None:
    """So that the cache never serves what another model said; the key is in neither the version nor the repr."""
    client = httpx.AsyncClient()
    here = replace(ENDPOINT, url="http://a/v1")
    versions = {
        OpenAiClassifier(client, endpoint).version
        for endpoint in (here, replace(here, model="tiny-2"), replace(here, url="http://b/v1"))
    }
    assert len(versions) == 3
    assert OpenAiClassifier(client, replace(here, api_key="another")).version in versions
    assert KEY not in f"{here} {versions}"
