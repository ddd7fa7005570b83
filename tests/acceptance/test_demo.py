"""What `duolog demo` keeps in its data directory, fills in, and says to paste."""

import shlex
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from duolog import Metadata
from duolog.integrations.fastapi import BearerTokens
from tests.acceptance.demo_server import DemoServer
from users.application.queries.list_users import ListUsersQuery
from users.infrastructure.providers import WriteModel
from users.presentation.data_directory import DemoSettings, prepare
from users.presentation.demo import commands_to_paste, fill

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("acceptance")]


def test_the_data_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    settings = prepare(tmp_path / "deep" / "data", {})
    assert stat.S_IMODE(settings.data_dir.stat().st_mode) == 0o700
    files = sorted(settings.data_dir.iterdir())
    assert [file.name for file in files] == ["admin-token", "secret", "users-events.db"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert settings.secret not in repr(settings)


def test_processes_that_start_at_once_find_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda _: prepare(tmp_path / "data", {}), range(64)))
    assert len({settings.secret for settings in found}) == 1
    token = found[0].admin_token_file.read_text(encoding="ascii").strip()
    assert BearerTokens(found[0].secret).verify(token) == found[0].admin


def test_the_admins_token_fits_the_secret_that_is_used(tmp_path: Path) -> None:
    first = prepare(tmp_path, {})
    kept = first.admin_token_file.read_bytes()
    assert prepare(tmp_path, {}).admin_token_file.read_bytes() == kept
    other = prepare(tmp_path, {"DUOLOG_SECRET": "another secret, of 32 characters"})
    token = other.admin_token_file.read_text(encoding="ascii").strip()
    assert BearerTokens(other.secret).verify(token) == other.admin


def test_the_environment_names_directory_database_and_write_model(tmp_path: Path) -> None:
    settings = prepare(None, {"DUOLOG_DATA": str(tmp_path / "mine"), "WRITE_MODEL": "tables"})
    assert settings.data_dir == tmp_path / "mine"
    assert settings.write_model is WriteModel.TABLES
    assert settings.database_url == f"sqlite:///{tmp_path}/mine/users-tables.db"
    assert prepare(tmp_path, {"DUOLOG_DATABASE": "memory://"}).database_url == "memory://"
    with pytest.raises(ValueError, match="king"):
        prepare(tmp_path, {"WRITE_MODEL": "king"})


async def emails(settings: DemoSettings) -> dict[str, bool]:
    async with settings.make_application() as app:
        await app.caught_up()
        query = ListUsersQuery(limit=200, sort_by="email")
        page = await app.query(query, metadata=Metadata(actor=settings.admin))
    return {user.email: user.is_active for user in page.items}


async def test_filling_in_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    settings = prepare(tmp_path, {})

    def interrupt(done: int, _: int) -> None:
        if done == 9:
            message = "interrupted"
            raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="interrupted"):
        await fill(settings, interrupt, count=20)
    assert 9 <= len(await emails(settings)) < 20

    reported: list[tuple[int, int]] = []
    await fill(settings, lambda done, count: reported.append((done, count)), count=20)
    assert reported == [(done, 20) for done in range(1, 21)]
    found = await emails(settings)
    assert sorted(found) == [f"user{number:03}@example.com" for number in range(1, 21)]
    assert sorted(email for email, is_active in found.items() if not is_active) == [
        "user007@example.com",
        "user014@example.com",
    ]


async def test_what_is_filled_in_is_not_filled_in_again(tmp_path: Path) -> None:
    settings = prepare(tmp_path, {})
    await fill(settings, lambda _done, _count: None, count=2)
    await fill(settings, lambda _done, _count: pytest.fail("again"), count=2)
    assert len(await emails(settings)) == 2


def test_the_commands_to_paste_do_what_they_say(tmp_path: Path) -> None:
    program = f"{shlex.quote(sys.executable)} -m duolog"
    with DemoServer(tmp_path / "data dir", WriteModel.EVENTS, filled=True) as demo:
        commands = [command for _, command in commands_to_paste(demo.url, demo.settings, program=program)]
        assert len(commands) == 5
        assert commands[4].endswith(" --follow")
        commands[4] = commands[4].removesuffix(" --follow")  # which never ends
        script = "\necho; echo ----\n".join([*commands[:4], commands[3], commands[4]])
        pasted = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    answers = pasted.stdout.split("----\n")
    statuses = [answer.split(maxsplit=2)[1] for answer in answers[:5]]
    assert statuses == ["201", "200", "200", "200", "412"], pasted.stdout + pasted.stderr
    assert "user.registered" in answers[5]
    assert "user.role_changed" in answers[5]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a server's own user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="duolog-demo-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def test_the_demo_starts_a_postgresql_server_with_its_data_in_the_data_directory(open_folder: Path) -> None:
    """Its data outlast it, the server does not, and its password is shown nowhere."""
    data_dir = open_folder / "data"
    environment = {"DUOLOG_DATABASE": "postgresql://127.0.0.1/users_events"}
    prepare(data_dir, environment).filled_file.touch()
    for start in (1, 2):
        with DemoServer(data_dir, WriteModel.EVENTS, database="postgres") as demo:
            url = (data_dir / "database-url").read_text(encoding="ascii").strip()
            body = {"email": f"user-{start}@example.com", "password": "correct horse battery"}
            assert httpx.post(f"{demo.url}/users", json=body).status_code == 201
            health = httpx.get(f"{demo.url}/health").json()
            assert health["position"] == start
            assert demo.stop() == 0
        password = urlsplit(url).password
        assert password
        assert password not in "".join(demo.output)
        assert not (data_dir / "postgres" / "data" / "postmaster.pid").exists()
