"""Over HTTP a cached answer has an entity tag, by which whoever has it is told that it still holds."""

from collections.abc import AsyncGenerator

import httpx
import pytest
from fastapi import FastAPI

from duolog.integrations.fastapi import attach
from tests.unit.application.tallies import Add, GetTally, ListTallies, Probe, tallies
from tests.unit.integrations.things import client_of


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def client(probe: Probe) -> AsyncGenerator[httpx.AsyncClient]:
    api = FastAPI()
    routes = attach(api, tallies("memory://", probe))
    routes.post("/tallies", Add, anonymous=True)
    routes.get("/tallies", ListTallies, anonymous=True)
    routes.get("/tallies/{name}", GetTally, anonymous=True)
    async with client_of(api) as client:
        yield client


async def _add(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    added = await client.post("/tallies", json={"name": name})
    return {"Duolog-After": added.headers["duolog-position"]}


async def test_an_answer_that_still_holds_is_a_304(client: httpx.AsyncClient, probe: Probe) -> None:
    """The tag stays as long as the views do, and so does the answer; then both are other ones."""
    after = await _add(client, "a")
    first = await client.get("/tallies", headers=after)
    tag = first.headers["etag"]
    assert (first.json(), first.headers["cache-control"]) == ([{"name": "a", "total": 1}], "private, no-cache")
    assert tag.startswith('W/"')
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*"):
        again = await client.get("/tallies", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert probe.asked == 1
    after = await _add(client, "a")
    changed = await client.get("/tallies", headers={"If-None-Match": tag, **after})
    assert (changed.status_code, changed.json()) == (200, [{"name": "a", "total": 2}])
    assert changed.headers["etag"] != tag


async def test_another_question_has_another_tag(client: httpx.AsyncClient) -> None:
    """Two resources never share one, although their views are the same."""
    after = {**await _add(client, "a"), **await _add(client, "b")}
    tags = {(await client.get(f"/tallies/{name}", headers=after)).headers["etag"] for name in "ab"}
    assert len(tags) == 2


async def test_the_document_tells_of_tags(client: httpx.AsyncClient) -> None:
    """Cached queries answer with an ETag and take If-None-Match."""
    operation = (await client.get("/openapi.json")).json()["paths"]["/tallies"]["get"]
    assert "ETag" in operation["responses"]["200"]["headers"]
    assert "If-None-Match" in {each["name"] for each in operation["parameters"]}
