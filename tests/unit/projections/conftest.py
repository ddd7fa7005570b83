from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from duolog.adapters.memory import open_database as open_memory
from duolog.adapters.sqlite import open_database as open_sqlite
from duolog.database.port import Database

BACKENDS: Mapping[str, Callable[[Path], Database]] = {
    "memory": lambda _: open_memory("memory://"),
    "sqlite": lambda folder: open_sqlite(f"sqlite:///{folder / 'log.db'}"),
}


@pytest.fixture(params=sorted(BACKENDS))
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened = BACKENDS[request.param](tmp_path)
    await opened.open()
    yield opened
    await opened.close()
