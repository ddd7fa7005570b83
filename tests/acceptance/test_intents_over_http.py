"""The intents example as a program, over HTTP, with its cache in memory and in a real Valkey."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from duolog.testing.servers.free_port import free_port
from tests.acceptance.intents_program import served


@pytest.fixture(scope="module", params=["memory", "valkey"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {"INTENTS_REDIS": request.getfixturevalue("redis_url")} if request.param == "valkey" else {}
    with served(tmp_path_factory.mktemp("intents"), **settings) as client:
        yield client


def ask(
    service: httpx.Client, message: str, *, conversation: str = "c", user: str = "u", **headers: str
) -> httpx.Response:
    body = {"message": message, "conversation_id": conversation, "user_id": user}
    return service.post("/intents", json=body, headers=headers)


def told(service: httpx.Client, message: str, *, conversation: str = "c", user: str = "u") -> dict[str, Any]:
    answer = ask(service, message, conversation=conversation, user=user)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_the_second_time_the_answer_comes_from_the_cache(service: httpx.Client) -> None:
    """For another user and another spelling as well."""
    message = f"How much is a kilo of copper wire today {uuid4().hex[:6]}?"
    first, second = told(service, message), told(service, f"  {message.upper()} ", user="v", conversation="d")
    assert (first["intent"], first["source"]) == ("recyclable_price", "classifier")
    assert second == {**first, "source": "cache"}


def test_a_message_that_wants_one_thing_has_no_parts(service: httpx.Client) -> None:
    """The answer has three members."""
    assert set(told(service, "오늘 서울 날씨 어때?")) == {"intent", "confidence", "source"}


def test_a_message_that_wants_several_things_has_parts(service: httpx.Client) -> None:
    """In its order, each with its own confidence and source."""
    answer = told(service, "소파 버리는 수수료 얼마야? 내일 부산 날씨도 알려줘")
    assert answer["intent"] == "bulk_waste"
    assert [(part["text"], part["intent"]) for part in answer["parts"]] == [
        ("소파 버리는 수수료 얼마야?", "bulk_waste"),
        ("내일 부산 날씨도 알려줘", "weather"),
    ]
    assert all(set(part) == {"text", "intent", "confidence", "source"} for part in answer["parts"])


def test_a_follow_up_depends_on_its_conversation(service: httpx.Client) -> None:
    """The same words mean something else elsewhere."""
    user = uuid4().hex
    told(service, "How do I recycle milk cartons?", conversation="one", user=user)
    told(service, "Will it rain in Seoul today?", conversation="two", user=user)
    first = told(service, "what about tomorrow?", conversation="one", user=user)
    second = told(service, "what about tomorrow?", conversation="two", user=user)
    assert (second["intent"], second["source"]) == ("weather", "classifier")
    assert first["confidence"] != second["confidence"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "hello", "conversation_id": "c"},
        {"message": "", "conversation_id": "c", "user_id": "u"},
        {"message": " \n", "conversation_id": "c", "user_id": "u"},
        {"message": "x" * 2_001, "conversation_id": "c", "user_id": "u"},
        {"message": "hello", "conversation_id": "", "user_id": "u"},
        {"message": "hello", "conversation_id": "c", "user_id": "u" * 201},
        {"message": 7, "conversation_id": "c", "user_id": "u"},
        {"message": None, "conversation_id": "c", "user_id": "u"},
        {"message": "hello", "conversation_id": "c", "user_id": "u", "more": 1},
        [],
    ],
    ids=str,
)
def test_what_is_no_question_is_refused(service: httpx.Client, body: object) -> None:
    """With a problem document."""
    answer = service.post("/intents", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_lone_surrogate_is_refused(service: httpx.Client) -> None:
    """No store could keep it."""
    content = b'{"message": "\\ud800", "conversation_id": "c", "user_id": "u"}'
    answer = service.post("/intents", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text


def test_a_large_body_is_refused(service: httpx.Client) -> None:
    """Before it is parsed."""
    answer = ask(service, "x" * 20_000)
    assert answer.status_code == 413, answer.text


def test_a_key_replays_its_answer(service: httpx.Client) -> None:
    """As it was, with its source."""
    key, message = uuid4().hex, f"draw a cat with a hat {uuid4().hex[:6]}"
    answers = [ask(service, message, **{"Idempotency-Key": key}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert [answer.headers.get("idempotency-replayed") for answer in answers][1] == "true"


def test_many_at_once_are_all_answered(service: httpx.Client) -> None:
    """Whatever comes from where."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: told(service, f"price of scrap metal {number % 20}"), range(200)))
    assert {answer["intent"] for answer in answers} == {"recyclable_price"}


def test_the_schema_shows_what_is_answered(service: httpx.Client) -> None:
    """With its parts."""
    document = service.get("/openapi.json").json()
    answer = document["components"]["schemas"]["IntentAnswer"]
    assert set(answer["properties"]) == {"intent", "confidence", "source", "parts"}
    assert set(answer["required"]) == {"intent", "confidence", "source"}


def test_without_its_valkey_every_message_is_answered(tmp_path: Path) -> None:
    """By the classifier, each time."""
    with served(tmp_path, INTENTS_REDIS=f"redis://127.0.0.1:{free_port('127.0.0.1')}/0") as service:
        for _ in range(2):
            assert told(service, "Will it rain in Seoul today?")["source"] == "classifier"
