"""Bodies, addresses and headers that are sent to do harm: each is refused, and none breaks the program."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.acceptance.demo_server import DemoServer
from tests.acceptance.watched_demo import watched_demo
from users.infrastructure.providers import WriteModel

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]

JSON = {"Content-Type": "application/json"}
NOBODY = "/users/00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with watched_demo(tmp_path_factory.mktemp("demo"), WriteModel.EVENTS) as running:
        yield running


BODIES = [
    b"",
    b"null",
    b"[]",
    b"{" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"email": NaN, "password": "long enough"}',
    b'{"email": 1e999, "password": -Infinity}',
    b'{"email": ' + b"9" * 10_000 + b', "password": "long enough"}',
    b'{"email": "a\\u0000@example.com", "password": "long enough"}',
    b'{"email": "\\ud800@example.com", "password": "long enough"}',
    b'{"email": "a@example.com", "password": "\\udfff\\udfff\\udfff\\udfff\\udfff"}',
    b'{"email": "\xff\xfe@example.com", "password": "long enough"}',
    b'{"email": "a@example.com", "password": "long enough", "role": {"$ne": 1}}',
    b'{"email": "a@example.com", "password": "long enough", "is_admin": true}',
    b'{"email": "' + b"a" * 500_000 + b'@example.com", "password": "long enough"}',
    b'{"email": "a@example.com", "password": "' + b"p" * 500_000 + b'"}',
    b'{"email": "a@example.com", "password": "' + b"p" * 2_097_152 + b'"}',
    b'{"email": "a@example.com\' OR 1=1 --", "password": "long enough"}',
    b"\x00" * 100,
    bytes(range(256)),
]


@pytest.mark.parametrize("number", range(len(BODIES)))
async def test_no_body_breaks_the_program(demo: DemoServer, number: int) -> None:
    body = BODIES[number]

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    async with demo.client() as http:
        for path, method in (("/users", "POST"), ("/sessions", "POST"), (NOBODY, "PATCH"), ("/users", "GET")):
            for kind in (JSON, {"Content-Type": "text/plain"}):
                for content in (body, pieces()):
                    answer = await http.request(method, path, content=content, headers=kind)
                    assert answer.status_code < 500, f"{method} {path}: {answer.text}"
                    assert method == "GET" or answer.status_code >= 400, f"{method} {path}: {answer.text}"
                    if len(body) > 1_048_576:
                        assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/users/%00", {}),
        ("/users/%ff%fe", {}),
        ("/users/" + "x" * 5_000, {}),
        ("/users?role=%00", {}),
        ("/users?role=%ff", {}),
        ("/users?cursor=%00%ff", {}),
        ("/users?cursor=" + "A" * 5_000, {}),
        ("/users", {"Duolog-After": "-1"}),
        ("/users", {"Duolog-After": "A" * 5_000}),
        ("/users", {"Duolog-After": "9" * 19}),
        ("/users", {"If-None-Match": '"' * 1_001}),
        ("/users", {"traceparent": "0" * 5_000, "X-Correlation-ID": "x" * 5_000}),
        ("/users/../../etc/passwd", {}),
    ],
)
async def test_no_address_and_no_header_breaks_the_program(
    demo: DemoServer, path: str, headers: dict[str, str]
) -> None:
    async with demo.client() as http:
        answer = await http.get(path, headers=headers)
        assert answer.status_code < 500, answer.text
        assert (await http.get("/health")).status_code == 200
