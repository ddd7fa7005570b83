"""PostgreSQL keeps every contract."""

from collections.abc import Callable, Iterator

import pytest

from duolog.adapters.postgres import open_database
from duolog.database.port import Database
from duolog.testing.servers import PostgresDatabases
from tests.contract.suites import *  # noqa: F403 - the suites are what this file is for


@pytest.fixture
def make_database(postgres: PostgresDatabases) -> Iterator[Callable[[], Database]]:
    with postgres.new_database() as url:
        yield lambda: open_database(url)
