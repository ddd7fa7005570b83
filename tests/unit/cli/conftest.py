import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from duolog.cli.command_line import command_line
from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


Duolog = Callable[..., Ended]


@pytest.fixture
def duolog(monkeypatch: pytest.MonkeyPatch) -> Duolog:
    for name in ("DUOLOG_DATABASE", "DUOLOG_DEBUG", "PORT"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, typed: str | None = None) -> Ended:
        result = CliRunner().invoke(command_line, arguments, input=typed)
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'shop.db'}"


def with_database(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    """Open the database, with its schema, for `work`, and close it."""

    async def run() -> None:
        database = open_database(url)
        await database.open()
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


def new_event(type_name: str, data: bytes = b"{}", *tags: str) -> NewEvent:
    return NewEvent(uuid7(), type_name, 1, data, tags, b'{"actor":"ada"}')


Target = Callable[..., str]


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Write a module whose `app` is made by an expression over `shop` and `url`, and return its MODULE:ATTRIBUTE."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(expression: str = "shop.make_application(url)") -> str:
        name = f"target_{uuid7().hex}"
        url = f"sqlite:///{tmp_path / 'shop.db'}"
        (tmp_path / f"{name}.py").write_text(f"from tests.unit.cli import shop\nurl = {url!r}\napp = {expression}\n")
        return f"{name}:app"

    return write
