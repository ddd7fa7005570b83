"""PostgreSQL keeps every contract."""

from collections.abc import Callable

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from tests.contract.suites import *  # noqa: F403 - all of them, so that none is forgotten


@pytest.fixture
def make_database(fresh_postgres_url: str) -> Callable[[], Database]:
    return lambda: open_database(fresh_postgres_url)
