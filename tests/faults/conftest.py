"""What the experiments share."""

import asyncio
from pathlib import Path

import pytest

from duolog.adapters.sqlite import open_database
from tests.contract.backends import make_empty
from tests.faults import shim

__all__ = ["make_empty", "path", "shim_library", "url"]


@pytest.fixture(scope="session")
def shim_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled shim; a test that needs it is skipped where it cannot be."""
    reason = shim.missing()
    if reason:
        pytest.skip(reason)
    return shim.compiled(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database file with its schema, closed."""
    file = tmp_path / "log.db"

    async def make() -> None:
        database = open_database(f"sqlite:///{file}")
        await database.open()
        await database.close()

    asyncio.run(make())
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of each kind that others can look at from outside."""
    if request.param == "postgres":
        return str(request.getfixturevalue("fresh_postgres_url"))
    return f"sqlite:///{request.getfixturevalue('path')}"
