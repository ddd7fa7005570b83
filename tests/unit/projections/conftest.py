from collections.abc import AsyncIterator

import pytest

from duolog.adapters.memory import open_database as open_memory
from duolog.database.port import Database

BACKENDS = {"memory": lambda _: open_memory("memory://")}


@pytest.fixture(params=sorted(BACKENDS))
async def database(request: pytest.FixtureRequest, tmp_path: object) -> AsyncIterator[Database]:
    opened = BACKENDS[request.param](tmp_path)
    await opened.open()
    yield opened
    await opened.close()
