"""The users example is moved to another database while it serves, and its clients notice nothing but a pause."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.acceptance.clients import walk
from tests.acceptance.demo_server import DemoServer
from users.infrastructure.providers import WriteModel

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]

KILLER = Path(__file__).with_name("promote_process.py")


@pytest.fixture(params=["sqlite", "postgres"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
    else:
        yield request.getfixturevalue("empty_postgres_url")


def duolog(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "duolog", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=os.environ)


def killed_promotion(source: str, target: str, phase: str) -> int:
    command = [sys.executable, str(KILLER), source, target, phase]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, env=os.environ).returncode


@pytest.fixture
def served_in(tmp_path: Path) -> Callable[[str | None], DemoServer]:
    def make(database: str | None = None) -> DemoServer:
        return DemoServer(tmp_path / "data", WriteModel.EVENTS, filled=True, database=database, quick_hashes=True)

    return make


async def test_a_promoted_service_answers_the_same_from_its_new_database(
    served_in: Callable[..., DemoServer], target_url: str
) -> None:
    """Killed twice in the middle, gone on with, and then: the same users, old tokens and keys are known."""
    with served_in() as before:
        source_url = before.settings.database_url
        async with before.client() as http:
            bodies = [{"email": f"user-{n}@example.com", "password": "correct horse battery"} for n in range(30)]
            made = [
                await http.post("/users", json=body, headers={"Idempotency-Key": f"key-{number}"})
                for number, body in enumerate(bodies)
            ]
            assert {each.status_code for each in made} == {201}
            created = made[-1]
            position = created.headers["duolog-position"]
            users = await walk(http)
            await http.patch(created.headers["location"], json={"role": "moderator"})
        for phase in ("copying", "verifying"):
            assert killed_promotion(source_url, target_url, phase) == -signal.SIGKILL
            async with before.client() as http:  # it goes on meanwhile
                late = await http.post("/users", json={"email": f"{phase}@example.com", "password": "correct horse"})
                assert late.status_code == 201, late.text
        moved = duolog("promote", source_url, target_url, "--json")
        assert moved.returncode == 0, moved.stderr
        async with before.client() as http:
            refused = await http.post("/users", json={"email": "late@example.com", "password": "correct horse"})
            assert (refused.status_code, refused.json()["type"]) == (503, "urn:duolog:problem:log-closed")
            assert (await http.get(late.headers["location"])).status_code == 200
    result = json.loads(moved.stdout)
    exported = [json.loads(duolog("export", url, "--log-only", "--json").stderr) for url in (source_url, target_url)]
    assert [each["sha256"] for each in exported] == [result["sha256"]] * 2
    assert exported[0]["events"] == result["events"] == 30 + 1 + 2

    with served_in(target_url) as after:
        async with after.client() as http:
            headers = {"Duolog-After": position}
            found = await http.get(created.headers["location"], headers=headers)
            assert (found.status_code, found.json()["role"]) == (200, "moderator")
            listed = {user["id"] for user in await walk(http)}
            assert listed >= {user["id"] for user in users}
            assert len(listed) == 32
            body = {"email": "user-29@example.com", "password": "correct horse battery"}
            again = await http.post("/users", json=body, headers={"Idempotency-Key": "key-29"})
            assert (again.status_code, again.headers["location"]) == (201, created.headers["location"])
            taken = await http.post("/users", json=body)
            assert taken.status_code == 409
            newer = await http.post("/users", json={"email": "newer@example.com", "password": "correct horse"})
            assert newer.status_code == 201
    assert f"moved to {shown(target_url)}" in duolog("migrate", source_url).stderr


def shown(url: str) -> str:
    """A URL as it is shown: without its password."""
    scheme, _, rest = url.partition("://")
    credentials, at, place = rest.rpartition("@")
    return f"{scheme}://{quote(credentials.partition(':')[0])}{at}{place}"
