from collections.abc import AsyncIterator, Callable

import pytest

from duolog.database.port import Database
from tests.contract.backends import make_empty

__all__ = ["database", "make_empty"]


@pytest.fixture
async def database(make_database: Callable[[], Database]) -> AsyncIterator[Database]:
    """The backend's own `make_database` says what a suite gets."""
    database = make_database()
    await database.open()
    yield database
    await database.close()
