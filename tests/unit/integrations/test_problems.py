import logging

import httpx
import pytest
from fastapi import FastAPI

from duolog import errors
from duolog.integrations.fastapi import Problem, attach
from tests.unit.integrations.things import ERRORS, ThingError, client_of, things_api, things_application

CASES: list[tuple[Exception, int, str]] = [
    (errors.AfterTimeoutError(position=7, reached={"view": 3}, seconds=1), 504, "after-timeout"),
    (errors.ConflictError("x", key="k"), 409, "conflict"),
    (errors.StaleRowError(key="k", expected=1, actual=0), 409, "conflict"),
    (errors.DatabaseBusyError("x"), 503, "database-busy"),
    (errors.LogClosedError("x"), 503, "log-closed"),
    (errors.DatabaseFullError("x"), 507, "database-full"),
    (errors.ForeignTokenError("x"), 400, "foreign-position"),
    (errors.InvalidCursorError("x"), 400, "invalid-cursor"),
    (errors.InvalidMessageError("x", path="$.a"), 422, "invalid-message"),
    (errors.InvalidSortOrderError(value="asc"), 422, "invalid-sort-order"),
    (errors.LimitOutOfRangeError(name="limit", value=0, least=1, most=5), 422, "limit-out-of-range"),
    (errors.NotAuthenticatedError("x"), 401, "not-authenticated"),
    (errors.NotAuthorizedError("x"), 403, "not-authorized"),
    (errors.OutcomeUnknownError("x"), 503, "outcome-unknown"),
    (errors.PayloadError("x"), 422, "unstorable-values"),
    (errors.PositionAheadOfLogError(position=9, head=1), 400, "position-ahead-of-log"),
    (errors.StreamNameError("x"), 422, "unusable-id"),
    (errors.TimeLimitExceededError("x", seconds=1), 504, "time-limit-exceeded"),
    (errors.UnknownFieldError(name="x", purpose="sort", allowed=["a", "b"]), 422, "unknown-field"),
    (errors.UnstorableValueError("x"), 422, "unstorable-values"),
    (errors.ViewParkedError(position=7, view="v"), 503, "view-parked"),
    (errors.StatementError("SELECT secret"), 500, "internal"),
    (ThingError("it moved"), 412, "stale-thing"),
    (ValueError("a secret inside"), 500, "internal"),
]


@pytest.mark.parametrize(("error", "status", "name"), CASES, ids=[type(case[0]).__name__ for case in CASES])
async def test_every_error_is_answered_with_its_problem(
    client: httpx.AsyncClient, error: Exception, status: int, name: str
) -> None:
    ERRORS["this"] = error
    answer = await client.delete("/failures/this")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:duolog:problem:{name}"
    assert document["status"] == status
    assert document["title"]
    assert "secret" not in answer.text
    assert "hint" not in answer.text


async def test_a_problem_carries_what_a_client_can_act_on(client: httpx.AsyncClient) -> None:
    ERRORS["field"] = errors.UnknownFieldError(name="x", purpose="sort", allowed=["a", "b"])
    ERRORS["conflict"] = errors.ConflictError("x", key="k")
    ERRORS["parked"] = errors.ViewParkedError(position=7, view="v")
    ERRORS["actor"] = errors.NotAuthenticatedError("x")
    assert (await client.delete("/failures/field")).json()["allowed"] == ["a", "b"]
    assert (await client.delete("/failures/conflict")).headers["retry-after"] == "1"
    parked = await client.delete("/failures/parked")
    assert parked.json()["position"] == 7
    assert parked.headers["retry-after"] == "60"
    assert (await client.delete("/failures/actor")).headers["www-authenticate"] == "Bearer"


async def test_an_unexpected_error_is_logged_with_its_traceback(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    ERRORS["this"] = ValueError("boom")
    with caplog.at_level(logging.ERROR, "duolog.http"):
        answer = await client.delete("/failures/this")
    assert answer.status_code == 500
    assert "boom" not in answer.text
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]


async def test_the_frameworks_own_errors_are_problems_too(client: httpx.AsyncClient) -> None:
    missing, method = await client.get("/nowhere"), await client.put("/things")
    assert (missing.status_code, missing.json()["type"]) == (404, "urn:duolog:problem:not-found")
    assert (method.status_code, method.json()["type"]) == (405, "urn:duolog:problem:method-not-allowed")
    assert method.headers["allow"] == "GET, POST"


async def test_an_application_may_overrule_how_an_error_is_answered() -> None:
    api = FastAPI()
    mine = Problem(418, "teapot", "Short and stout", shows_message=False)
    attach(api, things_application(), errors={errors.NotAuthenticatedError: mine})

    @api.get("/tea")
    async def tea() -> None:
        message = "no tea"
        raise errors.NotAuthenticatedError(message)

    async with client_of(api) as client:
        answer = await client.get("/tea")
    assert (answer.status_code, answer.json()["type"]) == (418, "urn:duolog:problem:teapot")


async def test_the_openapi_document_says_what_messages_take_and_give(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    schemas, paths = document["components"]["schemas"], document["paths"]
    assert schemas["MakeThingBody"]["additionalProperties"] is False
    assert schemas["MakeThingBody"]["required"] == ["name", "password"]
    assert schemas["MakeThingBody"]["properties"]["password"]["writeOnly"] is True
    assert schemas["MakeThingBody"]["properties"]["password"]["format"] == "password"
    assert schemas["MakeThingBody"]["properties"]["size"]["default"] == 3
    assert set(schemas["RenameThingBody"]["properties"]) == {"name"}
    post = paths["/things"]["post"]
    assert post["description"] == "Make a thing."
    assert set(post["responses"]["201"]["headers"]) == {
        "Duolog-Position",
        "Idempotency-Replayed",
        "Location",
        "ETag",
    }
    assert {"409", "413", "415", "422", "500", "503"} <= set(post["responses"])
    assert "HTTPValidationError" not in schemas
    listed = {parameter["name"] for parameter in paths["/things"]["get"]["parameters"]}
    assert listed == {"limit", "offset", "name", "cursor", "Duolog-After", "Last-Event-ID"}
    patch = paths["/things/{thing_id}"]["patch"]
    assert {parameter["name"] for parameter in patch["parameters"]} == {"thing_id", "If-Match", "Idempotency-Key"}
    assert "The thing has changed" in patch["responses"]["412"]["description"]
    assert paths["/guarded"]["get"]["security"] == [{"bearer": []}]
    assert "security" not in post


async def test_every_error_in_the_openapi_document_is_a_problem() -> None:
    document = things_api().openapi()
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/problem+json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in document["components"]["schemas"]
