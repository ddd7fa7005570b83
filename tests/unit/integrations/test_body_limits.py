import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from duolog.integrations.fastapi.body_limits import json_depth_exceeds
from tests.unit.integrations.things import things_api

JSON = {"Content-Type": "application/json"}
GOOD = b'{"name": "lamp", "password": "p"}'


def nested(depth: int) -> bytes:
    return b'{"name": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"name": "' + b"x" * 10_000 + b'"}', 413),
        (nested(65), 422),
        (b"[" * 9_000, 422),
        (b'{"a":' * 1_500, 422),
        (b'{"name": NaN, "password": "p"}', 422),
        (b'{"name": "n", "password": "p", "size": Infinity}', 422),
        (b'{"name": "n", "password": "p", "size": 1e999}', 422),
        (b'{"name": "n", "password": "p", "size": ' + b"9" * 400 + b"}", 422),
        (b'{"name": "n", "password": "p", "size": ' + b"9" * 5_000 + b"}", 400),
        (b'{"name": "\\u0000", "password": "p"}', 422),
        (b'{"name": "\\ud800", "password": "p"}', 422),
        (b'{"\\ud800": 1, "name": "n", "password": "p"}', 422),
        (b'{"name": "\xff", "password": "p"}', 422),
        ('{"name": "ñ", "password": "p"}'.encode("utf-16"), 422),
        (b"\x00", 422),
        (b"", 415),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"name": "n"', 422),
        (b"{" * 64, 422),
    ],
)
async def test_a_hostile_body_is_refused_and_breaks_nothing(
    client: httpx.AsyncClient, content: bytes, status: int
) -> None:
    answer = await client.post("/things", content=content, headers=JSON if content else {})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.post("/things", content=GOOD, headers=JSON)).status_code == 201


async def test_a_body_without_a_length_is_counted_as_it_arrives(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1_000
            yield b" " * 1_000

    answer = await client.post("/things", content=endless(), headers=JSON)
    assert answer.status_code == 413
    assert sent <= 50_000  # a client is let finish a body that is a little too large, but not for ever


async def test_a_client_that_asks_first_is_refused_before_it_sends() -> None:
    asked = False

    async def receive() -> Message:
        nonlocal asked
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-length", b"10001"), (b"expect", b"100-continue")]
    await things_api()({"type": "http", "method": "POST", "path": "/things", "headers": headers}, receive, send)
    assert sent[0]["status"] == 413
    assert not asked


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    """A declared length whose body never comes holds its connection for a limited time only."""
    sent: list[Message] = []

    async def receive() -> Message:
        return await asyncio.Future[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/things", "headers": [(b"content-length", b"100")]}
    async with asyncio.timeout(30):
        await things_api(max_body_seconds=0.05)(scope, receive, send)
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert json.loads(sent[1]["body"])["detail"] == "It has to arrive within 0.05 s."


async def test_a_body_in_pieces_arrives_whole(client: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(GOOD), 5):
            yield GOOD[start : start + 5]

    assert (await client.post("/things", content=pieces(), headers=JSON)).status_code == 201


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Content-Type": "application/xml"}, {}])
async def test_another_content_type_is_a_415(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.post("/things", content=GOOD, headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept"] == "application/json"


async def test_a_content_type_may_have_parameters(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await client.post("/things", content=GOOD, headers=headers)).status_code == 201


async def test_a_compressed_body_is_a_415(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", content=GOOD, headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.json()["type"] == "urn:duolog:problem:encoded-body"


def test_brackets_in_strings_are_no_nesting() -> None:
    assert not json_depth_exceeds(json.dumps({"a": "[" * 100, "b\\": '"[[[' * 50}).encode(), 2)


def test_the_scan_takes_time_in_proportion_to_its_input() -> None:
    # Each of these would take minutes with a pattern that backtracks.
    for hostile in (b'"' + b"\\" * 1_000_000, b'"\\' * 300_000 + b"[" * 65, b"[]" * 500_000, b'"[' * 500_000):
        json_depth_exceeds(hostile, 64)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab"\\[]{}', max_size=6),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text('k"[{\\', max_size=3), children, max_size=3)
    ),
    max_leaves=20,
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(json_values, st.integers(0, 4), st.booleans())
def test_the_scan_agrees_with_a_parser(value: object, most: int, escaped: bool) -> None:  # noqa: FBT001 - drawn
    assert json_depth_exceeds(json.dumps(value, ensure_ascii=escaped).encode(), most) is (depth_of(value) > most)
