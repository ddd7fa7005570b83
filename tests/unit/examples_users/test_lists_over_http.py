"""Lists of users over HTTP: any name to sort or filter by is answered with 422, or with 200 where it is declared."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from duolog import Actor
from duolog.integrations.fastapi import BearerTokens
from duolog.testing.applications import TEST_SECRET
from tests.unit.examples_users.service import ADMIN, PASSWORD
from users.application.commands.create_user import CreateUserCommand
from users.application.dto.role_statistics import RoleStatisticsDTO
from users.application.dto.user import UserDTO
from users.domain.user import User
from users.infrastructure.composition import make_application
from users.presentation.routes import make_api

NAMES = sorted({*dir(UserDTO), *dir(User), *dir(RoleStatisticsDTO), "password", "password_hash", "id", "1", "email--"})
SORTABLE = {"created_at", "email", "role"}
NDJSON, CSV = "application/x-ndjson", "text/csv"
FORMS: list[tuple[dict[str, str], dict[str, str]]] = [({}, {}), ({"cursor": ""}, {}), ({}, {"Accept": NDJSON})]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    api = make_api(make_application("memory://", secret=TEST_SECRET))
    token = BearerTokens(TEST_SECRET).issue(Actor("admin", frozenset({"admin"})), timedelta(hours=1))[0]
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://users.test", headers={"Authorization": f"Bearer {token}"}
    )
    async with api.router.lifespan_context(api), client:
        for name in ("=cleo", "ada"):
            command = CreateUserCommand(f"{name}@example.org", PASSWORD)
            await api.state.duolog.execute(command, metadata=ADMIN)
        await api.state.duolog.caught_up()
        yield client


async def test_every_name_is_refused_or_declared(http: httpx.AsyncClient) -> None:
    for name in NAMES:
        for page, headers in FORMS:
            sorted_by = await http.get("/users", params={**page, "sort_by": name}, headers=headers)
            assert sorted_by.status_code == (200 if name in SORTABLE else 422), (page, name)
            if sorted_by.status_code == 422:
                assert sorted_by.json()["allowed"] == ["created_at", "email", "role"]
            filtered = await http.get("/users", params={**page, name: "user"}, headers=headers)
            assert filtered.status_code == (200 if name == "role" else 422), (page, name)


async def test_users_are_exported_line_by_line_and_as_csv(http: httpx.AsyncClient) -> None:
    listed = (await http.get("/users", params={"sort_by": "email", "sort_order": "asc"})).json()["items"]
    order = {"sort_by": "email", "sort_order": "asc"}
    lines = await http.get("/users", params=order, headers={"Accept": NDJSON})
    assert lines.headers["content-type"] == NDJSON
    assert len(lines.text.splitlines()) == 2
    assert [httpx.Response(200, text=line).json() for line in lines.text.splitlines()] == listed
    table = await http.get("/users", params=order, headers={"Accept": CSV})
    header, first, *_ = table.text.split("\r\n")
    assert header == "id,email,role,is_active,created_at,version"
    assert first.split(",")[1] == "'=cleo@example.org"


async def test_an_export_is_filtered_as_the_list_is(http: httpx.AsyncClient) -> None:
    for kept, count in (
        ({"role": "user", "is_active": "true"}, 2),
        ({"role": "admin"}, 0),
        ({"is_active": "false"}, 0),
    ):
        lines = await http.get("/users", params=kept, headers={"Accept": NDJSON})
        assert (lines.status_code, len(lines.text.splitlines())) == (200, count)
    refused = await http.get("/users", params={"role": "root"}, headers={"Accept": NDJSON})
    assert refused.json()["type"] == "urn:duolog:problem:invalid-user-data"
