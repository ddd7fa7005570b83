import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from duolog import (
    Cursors,
    Json,
    OffsetPage,
    PaginatedResult,
    Query,
    QueryGateway,
    ReadDatabase,
    Relation,
    SortOrder,
    StreamQuery,
    prefix,
)
from duolog.integrations.fastapi import BearerTokens, attach
from duolog.testing import application
from duolog.testing.applications import TEST_SECRET

COUNT = 3_000
TABLE = f"""
CREATE TABLE words (id BIGINT PRIMARY KEY, word TEXT NOT NULL, is_short BOOLEAN NOT NULL, version BIGINT NOT NULL);
INSERT INTO words WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT})
    SELECT i, CASE i WHEN 7 THEN '=1+1' WHEN 8 THEN 'say "a, b"' ELSE 'word ' || i END, i < 10, 1 FROM n
"""  # noqa: S608 - made of constants
NDJSON, CSV, JSON = "application/x-ndjson", "text/csv", "application/json"
ENDED = asyncio.Event()
READ: list[int] = []


@dataclass(frozen=True, slots=True)
class WordDTO:
    id: int
    word: str
    is_short: bool
    version: int


WORDS = Relation("words", WordDTO, key="id", sortable={"word": "word"}, filterable={"word": prefix("word")})


@dataclass(frozen=True, slots=True)
class GetWordQuery(Query[WordDTO | None]):
    word_id: int


@dataclass(frozen=True, slots=True)
class GetJsonWordQuery(Query[Json[WordDTO] | None]):
    word_id: int


@dataclass(frozen=True, slots=True)
class ListWordsQuery(Query[PaginatedResult[WordDTO]]):
    limit: int = 20
    offset: int = 0
    sort_by: str | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True)
class ListJsonWordsQuery(Query[Json[PaginatedResult[WordDTO]]]):
    limit: int = 20
    offset: int = 0
    sort_by: str | None = None
    word: str | None = None


@dataclass(frozen=True, slots=True)
class BrowseWordsQuery(Query[OffsetPage[WordDTO]]):
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ExportWordsQuery(StreamQuery[WordDTO]):
    """All words."""

    word: str | None = None
    sort_by: str | None = None
    fail_at: int = 0


@dataclass(frozen=True, slots=True)
class CountUpQuery(StreamQuery[int]):
    to: int = 3


class Service:
    def __init__(self, db: ReadDatabase) -> None:
        self.words = QueryGateway(WORDS, db, Cursors.with_secret(TEST_SECRET.encode()))


class GetWordQueryService(Service):
    async def execute(self, query: GetWordQuery) -> WordDTO | None:
        return await self.words.get_by_id(query.word_id)


class GetJsonWordQueryService(Service):
    async def execute(self, query: GetJsonWordQuery) -> Json[WordDTO] | None:
        return await self.words.as_json.get_by_id(query.word_id)


class ListWordsQueryService(Service):
    async def execute(self, query: ListWordsQuery) -> PaginatedResult[WordDTO]:
        return await self.words.paginate(
            limit=query.limit, offset=query.offset, sort_by=query.sort_by, filters={"word": query.word}
        )


class ListJsonWordsQueryService(Service):
    async def execute(self, query: ListJsonWordsQuery) -> Json[PaginatedResult[WordDTO]]:
        return await self.words.as_json.paginate(
            limit=query.limit, offset=query.offset, sort_by=query.sort_by, filters={"word": query.word}
        )


class BrowseWordsQueryService(Service):
    async def execute(self, query: BrowseWordsQuery) -> OffsetPage[WordDTO]:
        return await self.words.offset_page(limit=query.limit, offset=query.offset, order=SortOrder.DESC)


class ExportWordsQueryService(Service):
    async def execute(self, query: ExportWordsQuery) -> AsyncIterator[WordDTO]:
        try:
            async with aclosing(self.words.stream(sort_by=query.sort_by, filters={"word": query.word})) as words:
                async for word in words:
                    READ.append(word.id)
                    if word.id == query.fail_at:
                        message = "the disk is gone"
                        raise RuntimeError(message)
                    yield word
        finally:
            ENDED.set()


class CountUpQueryService:
    async def execute(self, query: CountUpQuery) -> AsyncIterator[int]:
        for number in range(query.to):
            yield number


@asynccontextmanager
async def served() -> AsyncGenerator[tuple[FastAPI, httpx.AsyncClient]]:
    app = application(
        GetWordQuery.handled_by(GetWordQueryService),
        GetJsonWordQuery.handled_by(GetJsonWordQueryService),
        ListWordsQuery.handled_by(ListWordsQueryService),
        ListJsonWordsQuery.handled_by(ListJsonWordsQueryService),
        BrowseWordsQuery.handled_by(BrowseWordsQueryService),
        ExportWordsQuery.handled_by(ExportWordsQueryService),
        CountUpQuery.handled_by(CountUpQueryService),
        tables={"words": TABLE},
    )
    api = FastAPI()
    words = attach(api, app, bearer=BearerTokens(TEST_SECRET))
    words.get("/words", ListWordsQuery, stream=ExportWordsQuery, anonymous=True)
    words.get("/json-words", ListJsonWordsQuery, anonymous=True)
    words.get("/browse", BrowseWordsQuery, anonymous=True)
    words.get("/words/{word_id}", GetWordQuery, anonymous=True)
    words.get("/json-words/{word_id}", GetJsonWordQuery, anonymous=True)
    words.get("/export", ExportWordsQuery, anonymous=True)
    words.get("/guarded-export", ExportWordsQuery)
    words.get("/numbers", CountUpQuery, anonymous=True)
    READ.clear()
    ENDED.clear()
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://words.test") as client,
    ):
        yield api, client


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    async with served() as (_, client):
        yield client


async def test_a_stream_is_sent_as_a_line_of_json_for_each_item(client: httpx.AsyncClient) -> None:
    answer = await client.get("/export")
    assert (answer.status_code, answer.headers["content-type"]) == (200, NDJSON)
    lines = answer.text.splitlines()
    assert len(lines) == COUNT
    one = await client.get("/words/7")
    assert lines[6] == one.text
    assert [json.loads(line)["id"] for line in lines] == list(range(1, COUNT + 1))
    assert (await client.get("/numbers")).text == "0\n1\n2\n"
    empty = await client.get("/numbers?to=0")
    assert (empty.status_code, empty.content) == (200, b"")


async def test_a_stream_is_sent_as_csv_to_whoever_wants_that(client: httpx.AsyncClient) -> None:
    answer = await client.get("/export", headers={"Accept": CSV})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == "attachment"
    rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert rows[0] == ["id", "word", "is_short", "version"]
    assert rows[7:9] == [["7", "'=1+1", "true", "1"], ["8", 'say "a, b"', "true", "1"]]
    assert len(rows) == COUNT + 1
    nothing = await client.get("/export?word=nothing", headers={"Accept": CSV})
    assert nothing.text == "id,word,is_short,version\r\n"
    assert (await client.get("/numbers", headers={"Accept": CSV})).headers["content-type"] == NDJSON


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        (NDJSON, NDJSON),
        (NDJSON.upper(), NDJSON),
        (CSV, CSV),
        ("text/*", CSV),
        (f"{JSON}, {NDJSON}", JSON),
        (f"{JSON};q=0.5, {NDJSON}", NDJSON),
        (f"{CSV};q=0.2, {NDJSON};q=0.3", NDJSON),
        (f"{NDJSON};q=0, */*", JSON),
        (f"{JSON};q=nonsense, {CSV};q=0.1", CSV),
        ("text/html", JSON),
        ("", JSON),
        (";;,=", JSON),
    ],
)
async def test_a_list_is_sent_in_the_form_that_is_wanted_most(
    client: httpx.AsyncClient, accept: str | None, media: str
) -> None:
    request = client.build_request("GET", "/words", params={"word": "word 1"})
    request.headers.pop("accept")
    if accept is not None:
        request.headers["accept"] = accept
    answer = await client.send(request)
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media
    assert answer.headers["vary"] == "Accept"
    if media == NDJSON:
        assert len(answer.text.splitlines()) == 1_111


async def test_what_is_refused_before_the_first_item_has_its_own_status(client: httpx.AsyncClient) -> None:
    for path, status in (
        ("/guarded-export", 401),
        ("/export?sort_by=version", 422),
        ("/export?limit=5", 422),
        ("/export?fail_at=x", 422),
    ):
        answer = await client.get(path, headers={"Accept": NDJSON})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    refused = await client.get("/words?limit=5", headers={"Accept": NDJSON})
    assert refused.json()["allowed"] == ["word", "sort_by", "fail_at"]


async def test_a_page_as_json_is_the_page_of_the_objects(client: httpx.AsyncClient) -> None:
    for question in ("", "?limit=7&offset=14&sort_by=word", "?word=word+29&offset=40"):
        objects, text = await client.get(f"/words{question}"), await client.get(f"/json-words{question}")
        assert text.content == objects.content
        assert text.headers["content-type"] == JSON
        assert text.headers.get("link") == objects.headers.get("link", "").replace("</words", "</json-words")
    one, same = await client.get("/words/3"), await client.get("/json-words/3")
    assert (same.content, same.headers["etag"]) == (one.content, one.headers["etag"])
    known = await client.get("/json-words/3", headers={"If-None-Match": one.headers["etag"]})
    assert known.status_code == 304
    assert (await client.get("/json-words/0")).status_code == 404


async def test_a_page_without_a_total_has_neighbours(client: httpx.AsyncClient) -> None:
    page = await client.get("/browse?limit=5")
    assert (page.json()["items"][0]["id"], page.json()["estimated_total"]) == (COUNT, None)
    following = await client.get(page.links["next"]["url"])
    assert following.json()["items"][0]["id"] == COUNT - 5
    assert set(following.links) == {"next", "prev"}


async def test_the_document_says_in_which_forms_a_list_is_sent(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert set(paths["/words"]["get"]["responses"]["200"]["content"]) == {JSON, NDJSON, CSV}
    shown = [paths[path]["get"]["responses"]["200"]["content"][JSON]["schema"] for path in ("/words", "/json-words")]
    assert shown[0]["$ref"] == shown[1]["$ref"]
    assert {each["name"] for each in paths["/words"]["get"]["parameters"]} >= {"limit", "word", "sort_by", "fail_at"}


async def test_a_stream_that_fails_on_its_way_never_looks_whole(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError, match="the disk is gone"):
        await client.get(f"/export?fail_at={COUNT - 5}")
    assert ENDED.is_set()


async def test_nothing_more_is_read_than_is_taken_and_nothing_for_who_has_gone() -> None:
    async with served() as (api, client):
        gone, taken = asyncio.Event(), asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            if message.get("body"):
                taken.set()
                await asyncio.Event().wait()  # a client that takes no more

        request = asyncio.create_task(ask(api, gone, send))
        async with asyncio.timeout(30):
            await taken.wait()
            for _ in range(200):
                await asyncio.sleep(0)
            assert len(READ) < COUNT
            assert not ENDED.is_set()
            gone.set()
            await request
            assert ENDED.is_set()
            before = len(READ)
            assert (await client.get("/words/3")).status_code == 200
        assert len(READ) == before


async def test_a_request_that_is_cancelled_ends_its_stream() -> None:
    async with served() as (api, _):
        taken = asyncio.Event()

        async def send(message: MutableMapping[str, Any]) -> None:
            if message.get("body"):
                taken.set()
                await asyncio.Event().wait()

        request = asyncio.create_task(ask(api, asyncio.Event(), send))
        async with asyncio.timeout(30):
            await taken.wait()
            request.cancel()
            await asyncio.wait([request])
            assert ENDED.is_set()


async def ask(api: FastAPI, gone: asyncio.Event, send: Callable[[Any], Awaitable[None]]) -> None:
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not messages:
            await gone.wait()
            return {"type": "http.disconnect"}
        return messages.pop()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/export",
        "raw_path": b"/export",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }
    await api(scope, receive, send)
