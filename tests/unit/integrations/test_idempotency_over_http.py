"""``Idempotency-Key``: a request takes effect once, and is answered again as it was first."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from fastapi import APIRouter, FastAPI

from duolog import Actor, Application, Command
from duolog.errors import ConfigurationError
from duolog.integrations.fastapi import MessageRouter, attach
from duolog.testing import application
from tests.unit.integrations.things import (
    BEARER,
    ERRORS,
    MakeThing,
    MakeThingInteractor,
    RenameThing,
    ThingsProvider,
    client_of,
    things_api,
    things_application,
)

BODY = {"name": "lamp", "password": "a canary"}
KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
# Of the request, not of its answer.
OF_THE_REQUEST = {"x-correlation-id", "idempotency-replayed"}


def app_of(client: httpx.AsyncClient) -> Application:
    transport = client._transport  # noqa: SLF001 - httpx has no other way to the API
    assert isinstance(transport, httpx.ASGITransport)
    api = transport.app
    assert isinstance(api, FastAPI)
    app = api.state.duolog
    assert isinstance(app, Application)
    return app


async def events(client: httpx.AsyncClient) -> int:
    return len((await app_of(client).database.store.read_all()).events)


def said(answer: httpx.Response) -> tuple[int, bytes, Mapping[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in OF_THE_REQUEST}
    return answer.status_code, answer.content, headers


def token(actor: str) -> dict[str, str]:
    text, _ = BEARER.issue(Actor(actor), timedelta(minutes=1))
    return {"Authorization": f"Bearer {text}"}


async def test_a_post_again_is_answered_with_the_same_status_headers_and_body(client: httpx.AsyncClient) -> None:
    """Location, ETag and Duolog-Position too; only that it is a replay is added."""
    first = await client.post("/things", json=BODY, headers=KEY)
    again = await client.post("/things", json=BODY, headers=KEY)
    assert said(again) == said(first)
    assert first.status_code == 201
    assert {"location", "etag", "duolog-position"} <= set(first.headers)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await events(client) == 1


async def test_a_patch_again_does_not_meet_its_own_version(client: httpx.AsyncClient) -> None:
    """The precondition of the first time is part of the command, and not checked against what it made."""
    made = await client.post("/things", json=BODY)
    where, headers = made.headers["location"], {**KEY, "If-Match": '"1"'}
    first = await client.patch(where, json={"name": "shade"}, headers=headers)
    again = await client.patch(where, json={"name": "shade"}, headers=headers)
    assert said(again) == said(first)
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    without = await client.patch(where, json={"name": "shade"}, headers={"If-Match": '"1"'})
    assert without.status_code == 412


async def test_a_delete_again_is_answered_without_a_body(client: httpx.AsyncClient) -> None:
    """204 both times; fields of the path and the query are part of the command."""
    first = await client.delete("/failures/none?times=2", headers=KEY)
    again = await client.delete("/failures/none?times=2", headers=KEY)
    assert said(again) == said(first)
    assert (first.status_code, again.headers["idempotency-replayed"]) == (204, "true")
    for other in ("/failures/none?times=3", "/failures/other?times=2"):
        assert (await client.delete(other, headers=KEY)).status_code == 422


async def test_another_body_with_the_key_is_a_problem(client: httpx.AsyncClient) -> None:
    """422, and nothing of the first body is told."""
    await client.post("/things", json=BODY, headers=KEY)
    refused = await client.post("/things", json={**BODY, "password": "other"}, headers=KEY)
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:duolog:problem:idempotency-key-reused"
    assert "canary" not in refused.text
    assert await events(client) == 1


async def test_a_hundred_requests_with_one_key_have_one_effect(client: httpx.AsyncClient) -> None:
    """Each is answered as the first one, or with 409 and when to come again."""
    answers = await asyncio.gather(*[client.post("/things", json=BODY, headers=KEY) for _ in range(100)])
    made = [answer for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code != 201]
    assert len({answer.content for answer in made}) == 1
    for answer in busy:
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:duolog:problem:idempotency-key-in-flight"
        assert answer.headers["retry-after"] == "1"
    assert await events(client) == 1
    assert (await client.post("/things", json=BODY, headers=KEY)).content == made[0].content


async def test_another_actors_and_another_routes_key_is_another_key(client: httpx.AsyncClient) -> None:
    """Nobody gets an answer that was somebody else's."""
    headers: list[dict[str, str]] = [{}, token("ann"), token("bob")]
    bodies = [(await client.post("/things", json=BODY, headers={**KEY, **each})).content for each in headers]
    assert len(set(bodies)) == 3
    assert [(await client.post("/things", json=BODY, headers={**KEY, **each})).content for each in headers] == bodies
    assert (await client.delete("/failures/none", headers=KEY)).status_code == 204


async def test_a_request_that_failed_may_be_sent_again(client: httpx.AsyncClient) -> None:
    """An error is not stored, whatever its status."""
    ERRORS["now"] = RuntimeError("a defect")
    try:
        assert (await client.delete("/failures/now", headers=KEY)).status_code == 500
    finally:
        del ERRORS["now"]
    assert (await client.delete("/failures/now", headers=KEY)).status_code == 204
    missing = await client.patch(f"/things/{uuid4()}", json={"name": "x"}, headers=KEY)
    assert missing.status_code == 404


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é"])
async def test_a_malformed_key_is_a_bad_header(client: httpx.AsyncClient, key: str) -> None:
    """1 to 255 visible ASCII characters."""
    answer = await client.post("/things", json=BODY, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:duolog:problem:bad-header"
    assert await events(client) == 0


async def test_two_keys_are_a_bad_header(client: httpx.AsyncClient) -> None:
    """Nobody guesses which one counts."""
    answer = await client.post("/things", json=BODY, headers=[*KEY.items(), *KEY.items()])
    assert answer.status_code == 400


async def test_without_a_key_every_post_takes_effect(client: httpx.AsyncClient) -> None:
    """Equal bodies are not taken for repetitions."""
    answers = [await client.post("/things", json=BODY) for _ in range(2)]
    assert answers[0].content != answers[1].content


async def test_an_actor_that_is_not_known_any_more_gets_no_replay(client: httpx.AsyncClient) -> None:
    """The token is checked before the key."""
    await client.post("/things", json=BODY, headers={**KEY, **token("ann")})
    answer = await client.post("/things", json=BODY, headers={**KEY, "Authorization": "Bearer x"})
    assert answer.status_code == 401


@dataclass(frozen=True, slots=True)
class Unstorable(Command[object]):
    pass


class UnstorableInteractor:
    async def execute(self, cmd: Unstorable) -> object:  # noqa: ARG002 - it has no fields
        return "anything"


async def test_a_route_may_take_no_keys() -> None:
    """Where an answer must not be given again, the header is not declared, and does nothing."""
    api = FastAPI()
    things = attach(api, things_application(), bearer=BEARER)
    things.post("/things", MakeThing, anonymous=True, idempotent=False)
    things.put("/things/{thing_id}", RenameThing, anonymous=True)
    async with client_of(api) as client:
        answers = [await client.post("/things", json=BODY, headers=KEY) for _ in range(2)]
        assert answers[0].content != answers[1].content
        paths = (await client.get("/openapi.json")).json()["paths"]
        for operation in (paths["/things"]["post"], paths["/things/{thing_id}"]["put"]):
            assert "Idempotency-Key" not in {each["name"] for each in operation.get("parameters", ())}


def test_a_route_with_a_result_that_cannot_be_stored_is_an_error_at_the_start() -> None:
    """It says what to do about it."""
    things = attach(FastAPI(), application(Unstorable.handled_by(UnstorableInteractor)))
    with pytest.raises(ConfigurationError, match="Unstorable cannot be stored") as raised:
        things.post("/unstorable", Unstorable)
    assert "idempotent=False" in raised.value.hint
    things.post("/unstorable", Unstorable, idempotent=False)


async def test_routes_of_two_routers_have_keys_of_their_own() -> None:
    """The route is the whole path with its prefix."""
    api = FastAPI()
    app = application(MakeThing.handled_by(MakeThingInteractor), providers=[ThingsProvider()])
    attach(api, app)
    for prefix in ("/v1", "/v2"):
        router = APIRouter(prefix=prefix)
        MessageRouter(router, app).post("/things", MakeThing)
        api.include_router(router, prefix="/api")
    async with client_of(api) as client:
        answers = [await client.post(f"/api/{v}/things", json=BODY, headers=KEY) for v in ("v1", "v2", "v1")]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert len({answer.content for answer in answers}) == 2


def test_the_openapi_document_declares_key_and_replay() -> None:
    """On commands by POST, PATCH and DELETE, and on no query."""
    paths = things_api().openapi()["paths"]
    keyed = {
        (method, path)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "Idempotency-Key" in {each["name"] for each in operation.get("parameters", ())}
    }
    assert keyed == {("post", "/things"), ("patch", "/things/{thing_id}"), ("delete", "/failures/{how}")}
    post = paths["/things"]["post"]
    assert "Idempotency-Replayed" in post["responses"]["201"]["headers"]
    assert "executed" in post["responses"]["409"]["description"]
    assert "another request" in post["responses"]["422"]["description"]


async def test_a_request_is_answered_again_by_the_next_process(tmp_path: Path) -> None:
    """Also after the server was restarted."""
    answers: list[tuple[int, bytes, Mapping[str, str]]] = []
    for _ in range(2):
        async with client_of(things_api(database=f"sqlite:///{tmp_path / 'things.db'}")) as client:
            answers.append(said(await client.post("/things", json=BODY, headers=KEY)))
            assert await events(client) == 1
    assert answers[0] == answers[1]
