"""So does PostgreSQL behind PgBouncer in transaction mode, with the options that the documentation gives."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.testing.servers import PostgresDatabases
from tests.contract.suites import *  # noqa: F403 - all of them, so that none is forgotten


@pytest.fixture
def make_database(fresh_postgres_url: str, pgbouncer_databases: PostgresDatabases) -> Callable[[], Database]:
    url = pgbouncer_databases.url(urlsplit(fresh_postgres_url).path.removeprefix("/"))
    return lambda: open_database(url)
