"""What several processes on one view do holds on PostgreSQL as well, where their batches really run side by side."""

from collections.abc import AsyncIterator

import pytest

from duolog.adapters.postgres.database import open_database
from duolog.database.port import Database
from tests.unit.projections.test_shares import *  # noqa: F403 - all of them, so that none is forgotten


@pytest.fixture
async def database(fresh_postgres_url: str) -> AsyncIterator[Database]:
    opened = open_database(fresh_postgres_url)
    await opened.open()
    yield opened
    await opened.close()
