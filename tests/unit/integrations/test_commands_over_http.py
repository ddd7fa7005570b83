from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from duolog.errors import ConfigurationError
from duolog.integrations.fastapi import MessageRouter
from tests.unit.integrations.things import CONFLICT, Fail, GetThing, MakeThing, RenameThing, things_application

BODY = {"name": "lamp", "password": "a canary"}


async def test_a_created_thing_is_named_located_versioned_and_positioned(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json=BODY)
    assert answer.status_code == 201
    thing_id = UUID(answer.json()["id"])
    assert answer.headers["location"] == f"/things/{thing_id}"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["duolog-position"]
    assert answer.headers["cache-control"] == "no-store"


async def test_what_a_body_leaves_out_has_the_messages_default(client: httpx.AsyncClient) -> None:
    for body, name in ((BODY, "lamp of 3"), ({**BODY, "size": 7}, "lamp of 7")):
        made = await client.post("/things", json=body)
        after = {"Duolog-After": made.headers["duolog-position"]}
        read = await client.get(made.headers["location"], headers=after)
        assert read.json()["name"] == name


async def test_a_command_that_changes_nothing_has_no_position(client: httpx.AsyncClient) -> None:
    made = await client.post("/things", json=BODY)
    answer = await client.patch(made.headers["location"], json={})
    assert answer.status_code == 200
    assert "duolog-position" not in answer.headers
    assert answer.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("if_match", "status"),
    [
        ('"1"', 200),
        ("*", 200),
        ('"2"', 412),
        ('W/"1"', 412),
        ('"other"', 412),
        ('"01"', 412),
        ('"1", "2"', 400),
        ("1", 400),
        ('"1', 400),
        ("", 400),
        ('"1"' * 2, 400),
    ],
)
async def test_if_match_says_which_version_may_be_changed(
    client: httpx.AsyncClient, if_match: str, status: int
) -> None:
    made = await client.post("/things", json=BODY)
    answer = await client.patch(made.headers["location"], json={"name": "shade"}, headers={"If-Match": if_match})
    assert answer.status_code == status
    assert answer.headers.get("etag") == ('"2"' if status == 200 else None)


async def test_a_version_conflict_after_if_match_is_a_failed_precondition(client: httpx.AsyncClient) -> None:
    # The retry loop gives up only when somebody else has moved the stream on, so the named version is gone.
    made = await client.post("/things", json=BODY)
    conflict = {"name": CONFLICT}
    assert (await client.patch(made.headers["location"], json=conflict)).status_code == 409
    versioned = await client.patch(made.headers["location"], json=conflict, headers={"If-Match": '"1"'})
    assert versioned.status_code == 412
    assert versioned.json()["type"] == "urn:duolog:problem:precondition-failed"


async def test_if_match_is_not_dropped_where_a_command_depends_on_no_version(client: httpx.AsyncClient) -> None:
    """Nothing is done: the client asked for a condition that cannot be kept."""
    refused = await client.post("/things", json=BODY, headers={"If-Match": '"1"'})
    assert refused.status_code == 400
    assert refused.json()["type"] == "urn:duolog:problem:bad-header"
    assert (await client.get("/health")).json()["position"] == 0
    assert (await client.post("/things", json=BODY, headers={"If-Match": "*"})).status_code == 201


async def test_two_positions_to_wait_for_are_refused_and_not_one_of_them_dropped(client: httpx.AsyncClient) -> None:
    made = await client.post("/things", json=BODY)
    after = ("Duolog-After", made.headers["duolog-position"])
    assert (await client.get(made.headers["location"], headers=[after])).status_code == 200
    assert (await client.get(made.headers["location"], headers=[after, after])).status_code == 400


async def test_a_delete_takes_its_other_fields_from_the_query(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/failures/none?times=2")).status_code == 204
    refused = await client.delete("/failures/none?times=many")
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["name"] == "times"


async def test_an_unknown_query_parameter_is_refused_with_the_known_ones(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/failures/none?when=now")
    assert answer.status_code == 422
    assert answer.json()["allowed"] == ["times"]


async def test_an_unknown_field_is_refused_and_named(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={**BODY, "a/b~c": 1})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"in": "body", "pointer": "#/a~1b~0c", "detail": "Extra inputs are not permitted", "code": "extra_forbidden"}
    ]


async def test_malformed_json_points_to_the_document_and_says_at_which_character(client: httpx.AsyncClient) -> None:
    """A JSON pointer names a member, and there is none; the character is told in the detail."""
    answer = await client.post("/things", content=b'{"name": x}', headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"in": "body", "pointer": "#", "detail": "JSON decode error at character 9", "code": "json_invalid"}
    ]


async def test_a_refused_secret_is_not_echoed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": 1, "password": ["a canary"], "canary": "a canary"})
    assert answer.status_code == 422
    assert "a canary" not in answer.text


async def test_what_the_message_itself_refuses_is_a_422(client: httpx.AsyncClient) -> None:
    answer = await client.post("/things", json={**BODY, "name": "x" * 101})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:duolog:problem:invalid-message"
    assert answer.json()["path"] == "$.name"


async def test_a_thing_that_is_not_there_is_a_404(client: httpx.AsyncClient) -> None:
    assert (await client.patch(f"/things/{uuid4()}", json={"name": "x"})).status_code == 404


def test_a_route_that_does_not_fit_its_message_is_refused_at_once() -> None:
    router = MessageRouter(FastAPI(), things_application())
    with pytest.raises(ConfigurationError, match="no field 'thing'"):
        router.patch("/things/{thing}", RenameThing)
    with pytest.raises(ConfigurationError, match="is a query, not a command"):
        router.post("/things", GetThing)
    with pytest.raises(ConfigurationError, match="is a command, not a query"):
        router.get("/failures/{how}", Fail)
    with pytest.raises(ConfigurationError, match="no handler"):
        router.post("/things", type("Unbound", (MakeThing,), {}))
