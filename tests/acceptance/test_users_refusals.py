"""What the users example refuses over HTTP: who may not, what is malformed, and what must never be told."""

import json
import statistics
import time
from collections.abc import Iterator

import httpx
import pytest

from duolog import PositionToken
from tests.acceptance.demo_server import DemoServer
from tests.acceptance.watched_demo import PASSWORD, watched_demo
from users.infrastructure.providers import WriteModel

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]

JSON = {"Content-Type": "application/json"}
NOBODY = "/users/00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module", params=list(WriteModel), ids=lambda model: model.value)
def demo(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[DemoServer]:
    with watched_demo(tmp_path_factory.mktemp("demo"), request.param) as running:
        yield running


async def signed_in(demo: DemoServer, email: str, role: str = "user") -> tuple[str, str]:
    """Register somebody, and return the path and the token."""
    body = {"email": email, "password": PASSWORD, "role": role}
    async with demo.client() as admin:
        made = await admin.post("/users", json=body)
        assert made.status_code in {201, 409}, made.text
    async with demo.client("") as http:
        session = await http.post("/sessions", json={"email": email, "password": PASSWORD})
    assert session.status_code == 200, session.text
    return made.headers.get("location", ""), session.json()["token"]


async def test_who_may_do_what(demo: DemoServer) -> None:
    mine, user = await signed_in(demo, "user@example.com")
    other, _ = await signed_in(demo, "other@example.com")
    _, moderator = await signed_in(demo, "moderator@example.com", "moderator")
    _, admin = await signed_in(demo, "admin@example.com", "admin")
    plain = {"email": "new{}@example.com", "password": PASSWORD}
    # (request, statuses of: nobody, a user, a moderator, an admin)
    matrix: list[tuple[str, str, dict[str, object] | None, tuple[int, int, int, int]]] = [
        ("GET", "/health", None, (200, 200, 200, 200)),
        ("GET", "/docs", None, (200, 200, 200, 200)),
        ("GET", "/openapi.json", None, (200, 200, 200, 200)),
        ("POST", "/users", dict(plain), (201, 201, 201, 201)),
        ("POST", "/users", {**plain, "email": "m{}@example.com", "role": "moderator"}, (401, 403, 403, 201)),
        ("GET", "/users", None, (401, 200, 200, 200)),
        ("GET", "/users?cursor=", None, (401, 200, 200, 200)),
        ("GET", "/statistics/roles", None, (401, 200, 200, 200)),
        ("GET", "/statistics/sign-ups", None, (401, 200, 200, 200)),
        ("GET", mine, None, (401, 200, 200, 200)),
        ("GET", other, None, (401, 200, 200, 200)),
        ("HEAD", other, None, (401, 200, 200, 200)),
        ("HEAD", NOBODY, None, (401, 404, 404, 404)),
        ("GET", NOBODY, None, (401, 404, 404, 404)),
        ("PATCH", mine, {"email": "mine{}@example.com"}, (401, 200, 403, 200)),
        ("PATCH", mine, {"role": "admin"}, (401, 403, 403, 200)),
        ("PATCH", other, {"email": "theirs{}@example.com"}, (401, 403, 403, 200)),
        ("PATCH", other, {"is_active": False}, (401, 403, 403, 200)),
        ("PATCH", NOBODY, {"is_active": False}, (401, 403, 403, 404)),
        ("DELETE", other, None, (401, 403, 403, 204)),
        ("DELETE", NOBODY, None, (401, 403, 403, 404)),
    ]
    for method, path, body, statuses in matrix:
        for number, (token, status) in enumerate(zip(("", user, moderator, admin), statuses, strict=True)):
            sent = {
                name: str(value).format(number) if name == "email" else value for name, value in (body or {}).items()
            }
            async with demo.client(token) as http:
                answer = await http.request(method, path, json=sent if body is not None else None)
            assert answer.status_code == status, f"{method} {path} {sent} as number {number}: {answer.text}"
            if status == 401:
                assert answer.headers["www-authenticate"].startswith("Bearer")
            if status >= 400 and method != "HEAD":
                assert answer.headers["content-type"] == "application/problem+json"


async def test_a_forged_or_foreign_token_is_refused(demo: DemoServer) -> None:
    _, token = await signed_in(demo, "forged@example.com")
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    for forged in (changed, "x", "a.b.c", token + token):
        async with demo.client(forged) as http:
            answers = [await http.get("/users"), await http.get("/health"), await http.post("/users", json={})]
        assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_an_unknown_sort_or_filter_is_refused_with_the_allowed_ones(demo: DemoServer) -> None:
    async with demo.client() as http:
        for query in ("sort_by=password_hash", "cursor=&sort_by=password_hash"):
            answer = await http.get(f"/users?{query}")
            assert answer.status_code == 422
            assert answer.json()["allowed"] == ["created_at", "email", "role"]
        answer = await http.get("/users?password_hash=x")
        assert answer.status_code == 422
        assert {"role", "is_active", "sort_by", "limit"} <= set(answer.json()["allowed"])
        for query in ("limit=0", "limit=201", "limit=-1", "offset=-1", f"offset={2**62}", f"limit={'9' * 4000}"):
            assert (await http.get(f"/users?{query}")).status_code == 422, query
        for query in ("role=king", "sort_order=sideways", "is_active=perhaps", "cursor=&role=king"):
            assert (await http.get(f"/users?{query}")).status_code == 422, query
        assert (await http.get("/users?cursor=forged")).status_code == 400


async def test_a_position_that_cannot_be_is_a_400(demo: DemoServer) -> None:
    async with demo.client() as http:
        made = await http.post("/users", json={"email": "position@example.com", "password": PASSWORD})
        given = PositionToken.decode(made.headers["duolog-position"])
        ahead = PositionToken(given.log_id, given.position, given.position + 10**6, given.partitions)
        foreign = PositionToken("another-log", 1, 1)
        for token, name in ((ahead, "position-ahead-of-log"), (foreign, "foreign-position")):
            answer = await http.get("/users", headers={"Duolog-After": token.encode()})
            assert (answer.status_code, answer.json()["type"]) == (400, f"urn:duolog:problem:{name}")


async def test_signing_in_takes_as_long_for_nobody_as_for_a_wrong_password(demo: DemoServer) -> None:
    await signed_in(demo, "timed@example.com")
    times: dict[str, list[float]] = {"timed@example.com": [], "nobody@example.com": [], "no address": []}
    answers: set[tuple[int, str]] = set()
    async with demo.client("") as http:
        for _ in range(11):
            for email, taken in times.items():
                start = time.perf_counter()
                answer = await http.post("/sessions", json={"email": email, "password": "a wrong password"})
                taken.append(time.perf_counter() - start)
                answers.add((answer.status_code, answer.text))
    assert {status for status, _ in answers} == {401}
    assert len(answers) == 1  # and tell the same
    medians = [statistics.median(taken) for taken in times.values()]
    assert max(medians) / min(medians) < 2, times


async def test_a_password_is_never_shown(demo: DemoServer) -> None:
    """The fixture looks for it in everything that was printed and stored; here are the answers."""
    hostile: list[object] = [
        {"email": "shown@example.com", "password": PASSWORD},
        {"email": "shown@example.com", "password": PASSWORD},  # taken
        {"email": "shown@example.com", "password": [PASSWORD]},
        {"email": "shown@example.com", "password": {"a": PASSWORD}},
        {"email": PASSWORD, "password": PASSWORD},
        {"email": "shown@example.com", "password": PASSWORD, "role": PASSWORD},
        {"email": "shown@example.com", "password": PASSWORD, "extra": PASSWORD},
        [PASSWORD],
        PASSWORD,
    ]
    async with demo.client() as http:
        shown: list[httpx.Response] = []
        for body in hostile:
            shown += [await http.post(path, json=body) for path in ("/users", "/sessions")]
            shown.append(await http.post("/users", content=json.dumps(body)[:-1].encode(), headers=JSON))
        shown += [await http.get(path) for path in ("/users", "/openapi.json")]
    for answer in shown:
        assert PASSWORD not in answer.text
        assert PASSWORD not in str(answer.headers)
        assert "$argon2" not in answer.text
