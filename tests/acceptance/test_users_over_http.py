"""The users example as its users meet it: a program over HTTP, with many clients, that is killed and started again."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.acceptance.audit import Row, users_of_log, users_of_tables
from tests.acceptance.clients import Client, Promise, password_of, walk
from tests.acceptance.demo_server import DemoServer
from users.infrastructure.providers import WriteModel

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]

CLIENTS = 50
KILLED_AFTER = 30  # users acknowledged in the second round


@pytest.mark.parametrize("write_model", list(WriteModel), ids=lambda model: model.value)
async def test_fifty_clients_lose_nothing_that_was_acknowledged_when_the_program_is_killed(
    tmp_path: Path, write_model: WriteModel
) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - choices of a test
    print(f"seed {seed}")  # noqa: T201 - to run a failure again
    # Filling in first users takes seconds, so one of the two starts as `make demo` does.
    filled = write_model is WriteModel.TABLES
    with DemoServer(tmp_path / "data", write_model, filled=filled, quick_hashes=True) as demo:
        promises = await drive_until_killed(demo, seed)
    found = [promise for promise in promises if promise.id]
    assert len(found) >= CLIENTS + KILLED_AFTER

    with DemoServer(tmp_path / "data", write_model, quick_hashes=True) as demo:
        assert not any("filled in" in line for line in demo.output)
        async with demo.client() as http:
            await check_promises(http, promises)
            await check_statistics(http)
        assert demo.stop() == 0

    log = await users_of_log(demo.settings)
    for table in users_of_tables(demo.settings):
        assert table == log


async def drive_until_killed(demo: DemoServer, seed: int) -> list[Promise]:
    clients: list[Client] = []
    https: list[httpx.AsyncClient] = []
    try:
        for number in range(CLIENTS):
            https.append(demo.client())
            clients.append(Client(https[-1], f"client{number}", seed + number))
        async with asyncio.TaskGroup() as first_round:
            for client in clients:
                first_round.create_task(client.journey())

        registered, enough = asyncio.Event(), asyncio.Event()

        async def journey_on(client: Client) -> None:
            try:
                while True:
                    await client.journey(on_registered=registered.set)
            except httpx.TransportError:
                assert enough.is_set(), "the program went away before it was killed"

        async def kill() -> None:
            known = CLIENTS + KILLED_AFTER
            while sum(bool(promise.id) for client in clients for promise in client.promises) < known:
                await registered.wait()
                registered.clear()
            enough.set()
            await asyncio.to_thread(demo.kill)

        async with asyncio.TaskGroup() as second_round:
            for client in clients:
                second_round.create_task(journey_on(client))
            second_round.create_task(kill())
    finally:
        for http in https:
            await http.aclose()
    return [promise for client in clients for promise in client.promises]


async def check_promises(http: httpx.AsyncClient, promises: list[Promise]) -> None:
    probe = await http.post("/users", json={"email": "probe@example.com", "password": "long enough"})
    after = {"Duolog-After": probe.headers["duolog-position"]}  # and so everything that was recorded before
    assert (await http.get("/users", headers=after)).status_code == 200
    users = {str(user["email"]): user for user in await walk(http)}
    for promise in promises:
        user = users.get(promise.email)
        state = (str(user["role"]), int(str(user["version"]))) if user is not None else None
        assert state in promise.states, f"{promise} is {state}"
        if user is not None and promise.id:
            assert user["id"] == promise.id
    unanswered = [promise for promise in promises if len(promise.states) > 1]
    answered = [promise for promise in promises if len(promise.states) == 1]
    for promise in unanswered + answered[:10]:
        await check_credentials(http, promise, exists=promise.email in users)


async def check_statistics(http: httpx.AsyncClient) -> None:
    """What is counted by role is what is listed, when both are as new as the last change."""
    probe = await http.post("/users", json={"email": "counted@example.com", "password": "long enough"})
    http.headers["Duolog-After"] = probe.headers["duolog-position"]
    users = Counter((str(user["role"]), bool(user["is_active"])) for user in await walk(http))
    answer = await http.get("/statistics/roles")
    assert answer.status_code == 200, answer.text
    assert answer.json() == [
        {"role": role, "active": users[role, True], "inactive": users[role, False]}
        for role in ("user", "moderator", "admin")
    ]
    answer = await http.get("/statistics/sign-ups")
    assert answer.status_code == 200, answer.text
    signed_up = Counter[tuple[str, bool]]()
    for row in answer.json():
        signed_up[row["role"], True] += row["active"]
        signed_up[row["role"], False] += row["users"] - row["active"]
    assert +signed_up == users


async def check_credentials(http: httpx.AsyncClient, promise: Promise, *, exists: bool) -> None:
    """A user who is there can sign in, and one who is not left nothing behind: the address is free."""
    body = {"email": promise.email, "password": password_of(promise.email)}
    assert (await http.post("/sessions", json=body)).status_code == (200 if exists else 401)
    assert (await http.post("/users", json=body)).status_code == (409 if exists else 201)


@pytest.mark.parametrize("write_model", list(WriteModel), ids=lambda model: model.value)
async def test_of_two_hundred_changes_at_once_each_happens_or_is_a_clear_conflict(
    tmp_path: Path, write_model: WriteModel
) -> None:
    with DemoServer(tmp_path / "data", write_model, filled=True) as demo:
        async with demo.client() as http:
            made = await http.post("/users", json={"email": "a@example.com", "password": "long enough"})
            path = made.headers["location"]
            wished = [f"a{number}@example.com" for number in range(200)]
            answers = await asyncio.gather(*(http.patch(path, json={"email": email}) for email in wished))
            versions = check_versions(answers)
            last = max(versions)
            position = next(answer for answer in answers if answer.headers.get("etag") == f'"{last}"')
            after = {"Duolog-After": position.headers["duolog-position"]}
            read = (await http.get(path, headers=after)).json()
            assert read["version"] == last

            same = [{"If-Match": f'"{last}"'}] * 50
            fresh = [f"b{number}@example.com" for number in range(50)]
            racing = await asyncio.gather(
                *(
                    http.patch(path, json={"email": email}, headers=match)
                    for email, match in zip(fresh, same, strict=True)
                )
            )
            assert sorted(answer.status_code for answer in racing) == [200] + [412] * 49
            winner = next(answer for answer in racing if answer.status_code == 200)
            assert winner.json()["version"] == last + 1
        assert demo.stop() == 0
    email = fresh[racing.index(winner)]
    expected = {made.json()["id"]: Row(email, "user", is_active=True, version=last + 1)}
    assert await users_of_log(demo.settings) == expected
    for table in users_of_tables(demo.settings):
        assert table == expected


def check_versions(answers: list[httpx.Response]) -> list[int]:
    for answer in answers:
        assert answer.status_code in {200, 409}, answer.text
        if answer.status_code == 409:
            assert answer.json()["type"] == "urn:duolog:problem:conflict"
            assert answer.headers["retry-after"]
    versions = sorted(answer.json()["version"] for answer in answers if answer.status_code == 200)
    assert versions == list(range(2, 2 + len(versions)))
    return versions
