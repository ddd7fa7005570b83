"""So does the oldest PostgreSQL that is supported."""

from collections.abc import Callable

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.testing.servers import PostgresDatabases
from tests.contract.suites import *  # noqa: F403 - all of them, so that none is forgotten
from tests.fresh_log import FreshLog


@pytest.fixture(scope="session")
def postgres(postgres_15: PostgresDatabases) -> PostgresDatabases:
    return postgres_15


@pytest.fixture(scope="session")
def fresh_log(fresh_log_15: FreshLog) -> FreshLog:
    return fresh_log_15


@pytest.fixture
def make_database(fresh_postgres_url: str) -> Callable[[], Database]:
    return lambda: open_database(fresh_postgres_url)
