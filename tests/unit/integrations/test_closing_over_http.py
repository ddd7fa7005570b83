"""What a client sees of a service that stops."""

import asyncio
import json

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from duolog import Settings
from duolog.integrations.fastapi import attach
from tests.unit.application.notes import Gate, TakeNote, notes

NOTE = b'{"note": "a", "text": "hello"}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(NOTE)).encode())]


def notes_api(gate: Gate) -> FastAPI:
    api = FastAPI()
    app = notes("memory://", gate, settings=Settings(drain_seconds=0.05))
    attach(api, app).post("/notes", TakeNote, anonymous=True)
    return api


async def post_note(api: FastAPI, sent: list[Message]) -> None:
    """Send a request as a server does, in the current task."""

    async def receive() -> Message:
        return {"type": "http.request", "body": NOTE, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/notes", "query_string": b"", "headers": HEADERS}
    await api(scope, receive, send)


def problem_of(sent: list[Message]) -> tuple[int, str]:
    start, body = sent
    return start["status"], json.loads(body["body"])["type"]


async def test_a_request_that_outlasts_the_drain_is_a_503() -> None:
    """A client whose request closing cuts off is told so, and how it is found among the logs."""
    gate, sent = Gate(), list[Message]()
    gate.open.clear()
    api = notes_api(gate)
    async with api.router.lifespan_context(api):
        request = asyncio.create_task(post_note(api, sent))
        await gate.inside.wait()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert problem_of(sent) == (503, "urn:duolog:problem:cut-off")
    assert {b"connection", b"x-correlation-id"} <= {name for name, _ in sent[0]["headers"]}


async def test_a_request_that_the_server_gives_up_is_a_503() -> None:
    """A server that cancels its requests first, because its own patience has ended, is answered for as well."""
    gate, sent = Gate(), list[Message]()
    gate.open.clear()
    api = notes_api(gate)
    async with api.router.lifespan_context(api):
        request = asyncio.create_task(post_note(api, sent))
        await gate.inside.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
    assert problem_of(sent) == (503, "urn:duolog:problem:cut-off")


async def test_a_request_that_comes_too_late_is_a_503() -> None:
    """Whoever still gets through to a service that has stopped may try elsewhere, or again."""
    api = notes_api(Gate())
    async with api.router.lifespan_context(api):
        pass
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://notes.test") as client:
        answer = await client.post("/notes", content=NOTE, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:duolog:problem:not-running")
    assert answer.headers["retry-after"] == "1"
