"""The users example's live list, over a socket: the page, its stream, and stopping while somebody watches."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.demo_server import DemoServer
from tests.acceptance.headless_browser import browser_page, find_browser
from users.infrastructure.providers import WriteModel

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]

PASSWORD = "a good password"


async def events(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Yield a stream's events, with their data decoded."""
    event: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(":")
        if line:
            event[name] = value.removeprefix(" ")
        else:
            if "data" in event:
                yield {**event, "data": json.loads(event["data"])}
            event = {}


async def sign_in(http: httpx.AsyncClient) -> dict[str, str]:
    created = await http.post("/users", json={"email": "ada@example.com", "password": PASSWORD})
    assert created.status_code == 201
    after = {"Duolog-After": created.headers["duolog-position"]}
    session = await http.post("/sessions", json={"email": "ada@example.com", "password": PASSWORD}, headers=after)
    return {"Authorization": f"Bearer {session.json()['token']}", "Accept": "text/event-stream"}


async def test_the_list_is_watched_until_the_server_stops(tmp_path: Path) -> None:
    """Every new user comes by itself, in time; and a stream that is open does not hold the server up."""
    with DemoServer(tmp_path / "data", WriteModel.EVENTS, filled=True) as demo:
        async with demo.client() as http, asyncio.timeout(60):
            headers = await sign_in(http)
            async with http.stream("GET", "/users?limit=20", headers=headers, timeout=30) as answer:
                assert answer.headers["content-type"].startswith("text/event-stream")
                following = events(answer)
                first = await anext(following)
                emails = {user["email"] for user in first["data"]["items"]}
                for number in range(3):
                    email = f"user{number}@example.com"
                    await http.post("/users", json={"email": email, "password": PASSWORD})
                    emails.add(email)
                    while {user["email"] for user in (await anext(following))["data"]["items"]} != emails:
                        pass
                loop = asyncio.get_running_loop()
                began = loop.time()
                assert await asyncio.to_thread(demo.stop) == 0
                assert loop.time() - began < 8  # not the ten seconds for which requests may go on


async def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    """Its script and style are the server's own, and its policy allows nothing else."""
    with DemoServer(tmp_path / "data", WriteModel.EVENTS, filled=True) as demo:
        async with demo.client() as http:
            page = await http.get("/live")
            assert "script-src 'self'" in page.headers["content-security-policy"]
            assert "unsafe" not in page.headers["content-security-policy"]
            for path in re.findall(r'(?:src|href)="([^"]+)"', page.text):
                assert path.startswith("/")
                assert (await http.get(path)).status_code == 200


@pytest.mark.skipif(find_browser() is None, reason="no Chromium: install one, or name it in DUOLOG_TEST_CHROMIUM")
async def test_a_person_watches_the_list_in_a_browser(tmp_path: Path) -> None:
    """Signed in on the page, they see the users that are there, and one who comes, without touching anything."""
    with DemoServer(tmp_path / "data", WriteModel.EVENTS, filled=True) as demo:
        async with demo.client() as http, browser_page(tmp_path / "profile") as page, asyncio.timeout(60):
            await sign_in(http)
            await page.open(f"{demo.url}/live")
            await page.run(
                f"""(() => {{
                    const form = document.getElementById("sign-in");
                    form.elements.email.value = "ada@example.com";
                    form.elements.password.value = {json.dumps(PASSWORD)};
                    form.requestSubmit();
                }})()"""
            )
            await page.wait_for("""document.getElementById("users").textContent.includes("ada@example.com")""")
            assert await page.run("""document.getElementById("state").textContent""") == "1 users"
            await http.post("/users", json={"email": "bob@example.com", "password": PASSWORD})
            await page.wait_for("""document.getElementById("users").textContent.includes("bob@example.com")""")
            assert await page.run("""document.querySelector("table").hidden""") is False
