from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from duolog.adapters.sqlite import open_database
from duolog.database.port import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def files(path: Path) -> Callable[[], dict[str, int]]:
    """Tell which files there are, and how large they are."""

    def look() -> dict[str, int]:
        return {entry.name: entry.stat().st_size for entry in path.parent.iterdir()}

    return look


@pytest.fixture
def make_database(path: Path) -> Callable[..., Database]:
    def make(options: str = "") -> Database:
        return open_database(f"sqlite:///{path}{options}")

    return make


@pytest.fixture
async def database(make_database: Callable[..., Database]) -> AsyncIterator[Database]:
    database = make_database()
    await database.open()
    yield database
    await database.close()
