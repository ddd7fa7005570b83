"""So does PostgreSQL behind PgBouncer in transaction mode, with the options that the documentation gives."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.testing import contracts
from duolog.testing.servers import PostgresDatabases
from tests.contract.suites import *  # noqa: F403 - all of them, so that none is forgotten


def through(pgbouncer: PostgresDatabases, url: str) -> Callable[[], Database]:
    behind = pgbouncer.url(urlsplit(url).path.removeprefix("/"))
    return lambda: open_database(behind)


@pytest.fixture
def make_database(fresh_postgres_url: str, pgbouncer_databases: PostgresDatabases) -> Callable[[], Database]:
    return through(pgbouncer_databases, fresh_postgres_url)


class TestDatabase(contracts.DatabaseContract):
    @pytest.fixture
    def make_database(self, empty_postgres_url: str, pgbouncer_databases: PostgresDatabases) -> Callable[[], Database]:
        """Opening is to make the schema, too."""
        return through(pgbouncer_databases, empty_postgres_url)
