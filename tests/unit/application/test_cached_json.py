"""Answers that are JSON without objects are cached as well, by their texts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from dishka import Provider, Scope
from fastapi import FastAPI

from duolog import Application, Caching, Json, PaginatedResult, Query, QueryGateway, ReadDatabase, Relation, cached
from duolog.errors import ConfigurationError
from duolog.integrations.fastapi import attach
from duolog.read.caching.memory_cache import MemoryCache
from duolog.testing import application
from tests.unit.application.tallies import Add, AddInteractor, Tally, TallyProjection

TALLIES = Relation("tallies", Tally, key="name", sortable={"name": "name"})


@dataclass(frozen=True, slots=True)
class PageTallies(Query[Json[PaginatedResult[Tally]]]):
    limit: int = 2
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FindTally(Query[Json[Tally] | None]):
    name: str


@dataclass(frozen=True, slots=True)
class AskAnything(Query[Json[Any]]):
    pass


@dataclass
class Asked:
    times: int = 0


@cached(max_staleness=60)
class PageTalliesQueryService:
    def __init__(self, db: ReadDatabase, asked: Asked) -> None:
        self._tallies = QueryGateway(TALLIES, db).as_json
        self._asked = asked

    async def execute(self, query: PageTallies) -> Json[PaginatedResult[Tally]]:
        self._asked.times += 1
        return await self._tallies.paginate(limit=query.limit, offset=query.offset)


@cached(max_staleness=60)
class FindTallyQueryService:
    def __init__(self, db: ReadDatabase, asked: Asked) -> None:
        self._tallies = QueryGateway(TALLIES, db).as_json
        self._asked = asked

    async def execute(self, query: FindTally) -> Json[Tally] | None:
        self._asked.times += 1
        return Json({"name": "misfit"}) if query.name == "misfit" else await self._tallies.get_by_id(query.name)


@cached()
class AskAnythingQueryService:
    async def execute(self, query: AskAnything) -> Json[Any]:
        return Json(query)


@dataclass
class Running:
    """The application, and how often it asked a query service."""

    asked: Asked = field(default_factory=Asked)
    caching: Caching | None = None
    app: Application = field(init=False)

    def __post_init__(self) -> None:
        provider = Provider(scope=Scope.APP)
        provider.provide(lambda: self.asked, provides=Asked)
        self.app = application(
            Add.handled_by(AddInteractor),
            PageTallies.handled_by(PageTalliesQueryService, reads=[TallyProjection]),
            FindTally.handled_by(FindTallyQueryService, reads=[TallyProjection]),
            projections=[TallyProjection],
            providers=[provider],
            caching=self.caching,
        )

    async def add(self, *names: str) -> None:
        for name in names:
            await self.app.execute(Add(name))
        await self.app.caught_up()


@pytest.fixture
async def running() -> AsyncGenerator[Running]:
    running = Running()
    async with running.app:
        yield running


async def test_a_hit_is_the_text_of_the_first_answer(running: Running) -> None:
    """And stands for the same page, or for nothing."""
    await running.add("a", "b", "c")
    first, again = [await running.app.query(PageTallies()) for _ in range(2)]
    assert again == first
    assert again.encode() == first.encode()
    assert again.value == first.value
    assert (again.value.total, again.value.has_next, again.value.items[0]) == (3, True, {"name": "a", "total": 1})
    assert [await running.app.query(FindTally("z")) for _ in range(2)] == [None, None]
    assert running.asked.times == 2
    await running.add("a")
    assert (await running.app.query(PageTallies())).value.items[0]["total"] == 2


async def test_nobody_can_change_what_another_one_gets(running: Running) -> None:
    """What is made of the text is each caller's own."""
    await running.add("a")
    await running.app.query(PageTallies())
    (await running.app.query(PageTallies())).value.items.clear()
    assert len((await running.app.query(PageTallies())).value.items) == 1


async def test_texts_are_shared_between_processes() -> None:
    """Through the shared level, which another application has filled."""
    running = Running(caching=Caching(entries=0, shared=MemoryCache()))
    async with running.app:
        await running.add("a")
        answers = [await running.app.query(PageTallies()) for _ in range(2)]
        assert answers[0] == answers[1]
        assert running.app.cache_figures()["PageTallies"].shared == 1


async def test_a_text_of_another_form_is_answered_and_not_kept(running: Running) -> None:
    """It would not be what the declaration says."""
    for _ in range(2):
        found = await running.app.query(FindTally("misfit"))
        assert found is not None
    assert (running.asked.times, running.app.cache_figures()["FindTally"].unfit) == (2, 2)


async def test_what_is_in_the_text_must_be_declared() -> None:
    """A text of just anything could not be told from garbage."""
    app = application(
        AskAnything.handled_by(AskAnythingQueryService, reads=[TallyProjection]), projections=[TallyProjection]
    )
    with pytest.raises(ConfigurationError, match="not declared"):
        await app.start()


async def test_over_http_a_hit_has_the_links_and_the_tag_of_its_page(running: Running) -> None:
    """And its text is the body, as it was read."""
    api = FastAPI()
    routes = attach(api, running.app)
    routes.get("/tallies", PageTallies, anonymous=True)
    await running.add("a", "b", "c")
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://tallies.test") as client:
        first, again = [await client.get("/tallies") for _ in range(2)]
        assert (again.content, again.headers["link"]) == (first.content, first.headers["link"])
        unchanged = await client.get("/tallies", headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, running.asked.times) == (304, 1)


async def test_watchers_get_a_text_that_is_another_one(running: Running) -> None:
    """A change of the view that leaves the answer as it was is not told."""
    await running.add("a", "b")
    async with aclosing(running.app.watch(PageTallies(limit=1))) as pages, asyncio.timeout(10):
        assert (await anext(pages)).value.items == [{"name": "a", "total": 1}]
        following = asyncio.ensure_future(anext(pages))
        await running.add("b")
        while running.asked.times < 2:  # noqa: ASYNC110 - it is asked again, and nothing is told
            await asyncio.sleep(0.001)
        await running.add("a")
        assert (await following).value.items == [{"name": "a", "total": 2}]
