from collections.abc import AsyncIterator

import pytest

from duolog.adapters.memory import open_database
from duolog.database.port import Database


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    opened = open_database("memory://")
    await opened.open()
    yield opened
    await opened.close()
