"""Over HTTP a query is watched as server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

from duolog import Application, Settings
from duolog.integrations.fastapi import BearerTokens, LiveOptions, attach
from duolog.testing.applications import TEST_SECRET
from tests.unit.application.tallies import Add, GetTally, ListTallies, Probe, tallies
from tests.unit.integrations.things import client_of

ACCEPT = {"accept": "text/event-stream"}


def tallies_api(app: Application, *, live: LiveOptions | None = None, bearer: BearerTokens | None = None) -> FastAPI:
    api = FastAPI()
    routes = attach(api, app, bearer=bearer)
    routes.post("/tallies", Add, anonymous=True)
    routes.get("/tallies", ListTallies, live=live or LiveOptions())
    routes.get("/tallies/{name}", GetTally, anonymous=True, live=None)
    return api


@dataclass
class Listening:
    """What a client of a stream has got so far."""

    start: Message
    chunks: "asyncio.Queue[bytes]" = field(default_factory=asyncio.Queue)

    async def block(self) -> dict[str, str]:
        """Return the next event or comment, by field."""
        async with asyncio.timeout(30):
            block = (await self.chunks.get()).decode()
        assert block.endswith("\n\n")
        lines = (line.partition(": ") for line in block.strip("\n").split("\n"))
        return {name if value else "comment": value for name, _, value in lines}

    async def event(self) -> tuple[str, Any]:
        """Return the next event's id and data; comments and retries are passed over."""
        while "data" not in (block := await self.block()):
            pass
        return block.get("id", block.get("event", "")), json.loads(block["data"])


@asynccontextmanager
async def listening(api: FastAPI, headers: dict[str, str] = ACCEPT) -> AsyncGenerator[Listening]:
    """Open a stream as a server does, and hang up in the end."""
    started: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    chunks, gone = asyncio.Queue[bytes](), asyncio.Event()

    requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        for request in requests:
            return request
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            started.set_result(message)
        elif message["body"]:
            chunks.put_nowait(message["body"])

    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/tallies", "query_string": b"", "headers": given}
    request = asyncio.create_task(api(scope, receive, send))
    try:
        async with asyncio.timeout(30):
            yield Listening(await started, chunks)
    finally:
        gone.set()
        async with asyncio.timeout(30):
            await request


@pytest.fixture
async def api() -> AsyncGenerator[FastAPI]:
    api = tallies_api(tallies("memory://"))
    async with api.router.lifespan_context(api):
        yield api


async def test_each_answer_is_an_event(api: FastAPI) -> None:
    """The first answer comes at once, and every other one when a command has changed it."""
    app: Application = api.state.duolog
    async with listening(api) as stream:
        assert stream.start["status"] == 200
        headers = dict(stream.start["headers"])
        assert headers[b"content-type"].startswith(b"text/event-stream")
        assert headers[b"cache-control"] == b"no-store"
        ids = set[str]()
        for total in range(4):
            where, data = await stream.event()
            ids.add(where)
            assert data == ([{"name": "a", "total": total}] if total else [])
            await app.execute(Add("a"))
        assert len(ids) == 4


async def test_a_client_that_comes_back_gets_what_it_does_not_have(api: FastAPI) -> None:
    """With the id of its last event the same state is not sent again, and nothing older."""
    app: Application = api.state.duolog
    await app.execute(Add("a"))
    await app.caught_up()
    async with listening(api) as stream:
        where, _ = await stream.event()
    async with listening(api, headers={**ACCEPT, "last-event-id": where}) as stream:
        assert "retry" in await stream.block()
        await app.execute(Add("a"))
        again, data = await stream.event()
        assert (again != where, data) == (True, [{"name": "a", "total": 2}])
    async with listening(api, headers={**ACCEPT, "last-event-id": where}) as stream:
        assert (await stream.event())[1] == [{"name": "a", "total": 2}]


@pytest.mark.parametrize("given", ["", "nonsense", "a.b", "x" * 5_000])
async def test_an_id_that_means_nothing_here_is_passed_over(api: FastAPI, given: str) -> None:
    """One of another log or release must not keep a browser from connecting for good."""
    async with listening(api, headers={**ACCEPT, "last-event-id": given}) as stream:
        assert (await stream.event())[1] == []


async def test_silence_is_interrupted_by_comments() -> None:
    """So that proxies keep the connection open."""
    api = tallies_api(tallies("memory://"), live=LiveOptions(heartbeat_seconds=0.01))
    async with api.router.lifespan_context(api), listening(api) as stream:
        await stream.event()
        assert [await stream.block() for _ in range(3)] == [{"comment": ""}] * 3


async def test_a_stream_ends_in_time() -> None:
    """Its client comes again, and is looked at again."""
    api = tallies_api(tallies("memory://"), live=LiveOptions(longest_seconds=0.05))
    app: Application = api.state.duolog
    async with api.router.lifespan_context(api), listening(api) as stream:
        await stream.event()
        async with asyncio.timeout(30):
            while app.watched:  # noqa: ASYNC110 - nothing tells that a stream has ended
                await asyncio.sleep(0.01)


async def test_a_client_that_hangs_up_is_forgotten(api: FastAPI) -> None:
    """Nothing is watched for it any more."""
    app: Application = api.state.duolog
    async with listening(api) as stream:
        await stream.event()
        assert app.watched == 1
    assert app.watched == 0


async def test_an_error_after_the_beginning_is_an_event() -> None:
    """It says what an answer would have said, without the message of an unexpected error."""
    probe = Probe()
    api = tallies_api(tallies("memory://", probe))
    app: Application = api.state.duolog
    async with api.router.lifespan_context(api), listening(api) as stream:
        await stream.event()
        probe.error = LookupError("a secret")
        await app.execute(Add("a"))
        kind, data = await stream.event()
        assert (kind, data["status"], data["type"]) == ("problem", 500, "urn:duolog:problem:internal")
        assert "a secret" not in str(data)


async def test_streams_end_when_the_application_is_closed() -> None:
    """Its clients do not hold it up."""
    api = tallies_api(tallies("memory://", settings=Settings(drain_seconds=60)))
    async with asyncio.timeout(30):
        async with api.router.lifespan_context(api):
            stream = listening(api)
            listened = await stream.__aenter__()
            await listened.event()
        await stream.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("accept", "is_live"),
    [
        ("text/event-stream", True),
        ("application/json;q=0.5, Text/Event-Stream;q=0.9", True),
        ("application/json, text/event-stream;q=0.5", False),
        ("application/json, text/event-stream", False),
        ("*/*", False),
        ("text/*", False),
        ("application/json", False),
        ("text/event-stream;q=0", False),
        ("text/event-stream; q=0.000", False),
    ],
)
async def test_events_are_asked_for_by_name(accept: str, *, is_live: bool) -> None:
    """Every other client gets JSON, and so does one that likes it as much."""
    api = tallies_api(tallies("memory://"), live=LiveOptions(longest_seconds=0.01))
    async with client_of(api) as client:
        answer = await client.get("/tallies", headers={"Accept": accept})
        assert answer.headers["content-type"].startswith("text/event-stream" if is_live else "application/json")
        assert answer.headers["vary"] == "Accept"
        one = await client.get("/tallies/a", headers={"Accept": "text/event-stream"})
        assert one.headers["content-type"] == "application/problem+json"


async def test_who_may_not_ask_may_not_watch() -> None:
    """The first answer decides, as a plain one; so do too many watchers."""
    api = tallies_api(tallies("memory://"), bearer=BearerTokens(TEST_SECRET))
    async with client_of(api) as client:
        assert (await client.get("/tallies", headers=ACCEPT)).status_code == 401
    api = tallies_api(tallies("memory://", settings=Settings(watchers=0)))
    async with client_of(api) as client:
        refused = await client.get("/tallies", headers=ACCEPT)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


async def test_the_document_tells_of_streams(api: FastAPI) -> None:
    """OpenAPI names the media type, and what a client may send with it."""
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://tallies.test") as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
    operation: Any = paths["/tallies"]["get"]
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/event-stream"}
    names: Sequence[str] = [each["name"] for each in operation["parameters"]]
    assert "Last-Event-ID" in names
    assert set(paths["/tallies/{name}"]["get"]["responses"]["200"]["content"]) == {"application/json"}
