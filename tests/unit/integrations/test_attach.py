from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from duolog.errors import NotStartedError
from duolog.integrations.fastapi import MessageRouter, attach, request_metadata
from tests.unit.integrations.things import BEARER, WhoAmI, client_of, things_api, things_application


async def test_the_application_lives_as_long_as_the_api_and_around_its_lifespan() -> None:
    app, seen = things_application(), list[str]()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, str]]:
        seen.append((await app.query(WhoAmI()))["correlation_id"] or "")
        yield {"mine": "kept"}
        seen.append((await app.query(WhoAmI()))["correlation_id"] or "")

    api = FastAPI(lifespan=lifespan)
    attach(api, app)
    assert api.state.duolog is app

    async with api.router.lifespan_context(api) as state:
        assert state == {"mine": "kept"}
    assert len(set(seen)) == 2
    with pytest.raises(NotStartedError):
        await app.query(WhoAmI())


async def test_health_tells_the_position_and_each_projections_lag(client: httpx.AsyncClient) -> None:
    made = await client.post("/things", json={"name": "lamp", "password": "p"})
    await client.get("/things", headers={"Duolog-After": made.headers["duolog-position"]})
    answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "position": 1,
        "projections": [{"name": "things_view", "position": 1, "lag": 0, "state": "running"}],
    }


async def test_health_is_a_503_when_the_database_does_not_answer(tmp_path: Path) -> None:
    api = things_api(database=f"sqlite:///{tmp_path}/things.db")
    async with client_of(api) as client:
        await api.state.duolog.close()
        answer = await client.get("/health")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_route_of_ones_own_sends_messages_with_the_requests_metadata() -> None:
    api = FastAPI()
    app = things_application()
    attach(api, app, bearer=BEARER)

    @api.get("/mine")
    async def mine(request: Request) -> str | None:
        return (await app.query(WhoAmI(), metadata=request_metadata(request)))["correlation_id"]

    async with client_of(api) as client:
        answer = await client.get("/mine")
    assert answer.json() == answer.headers["x-correlation-id"]


async def test_routes_of_several_routers_stand_side_by_side() -> None:
    api = FastAPI()
    app = things_application()
    attach(api, app).get("/one", WhoAmI)
    MessageRouter(api, app).get("/two", WhoAmI)
    async with client_of(api) as client:
        assert [(await client.get(path)).status_code for path in ("/one", "/two")] == [200, 200]
