from uuid import UUID

import httpx
import pytest

from tests.unit.integrations.things import ERRORS

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CORRELATION = "018f3c5e-7b1a-7c3d-8e4f-5a6b7c8d9e0f"


@pytest.mark.parametrize("header", ["X-Correlation-ID", "X-Request-ID"])
async def test_a_given_correlation_reaches_the_message_and_comes_back(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get("/who", headers={header: CORRELATION})
    assert answer.json()["correlation_id"] == CORRELATION
    assert answer.headers["x-correlation-id"] == CORRELATION


@pytest.mark.parametrize("given", ["", "x", "1" * 5000])
async def test_a_correlation_that_is_no_uuid_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/who", headers={"X-Correlation-ID": given})
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]
    assert str(UUID(answer.headers["x-correlation-id"])) != given


async def test_errors_carry_the_correlation_too(client: httpx.AsyncClient) -> None:
    ERRORS["this"] = ValueError("nobody expects this")
    requests = [("GET", "/nowhere"), ("GET", "/guarded"), ("GET", "/things?x=1"), ("DELETE", "/failures/this")]
    for method, path in requests:
        answer = await client.request(method, path, headers={"X-Correlation-ID": CORRELATION})
        assert answer.status_code >= 400
        assert answer.headers["x-correlation-id"] == CORRELATION


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), None),
        ("ff" + TRACE[2:], None),
        ("00-" + "0" * 32 + TRACE[35:], None),
        (TRACE[:36] + "0" * 16 + "-01", None),
        (TRACE + "-x", None),
        ("x", None),
    ],
)
async def test_only_a_well_formed_traceparent_is_taken_over(
    client: httpx.AsyncClient, given: str, taken: str | None
) -> None:
    assert (await client.get("/who", headers={"traceparent": given})).json()["traceparent"] == taken
