"""The contract of tables holds with PostgreSQL's own types for the columns, too."""

from collections.abc import Callable

import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.testing import contracts


@pytest.fixture
def make_database(fresh_postgres_url: str) -> Callable[[], Database]:
    return lambda: open_database(fresh_postgres_url)


class TestNativeTypes(contracts.TablesContract):
    ddl = """
        CREATE TABLE contract_values (
            id UUID, text TEXT, whole BIGINT, real DOUBLE PRECISION, yes BOOLEAN, raw BYTEA,
            at TIMESTAMPTZ, day DATE, price NUMERIC, role TEXT, level SMALLINT, note VARCHAR(100)
        )
    """


class TestTimesWithoutAZone(contracts.TablesContract):
    ddl = """
        CREATE TABLE contract_values (
            id TEXT, text TEXT, whole NUMERIC, real DOUBLE PRECISION, yes SMALLINT, raw BYTEA,
            at TIMESTAMP, day TEXT, price TEXT, role VARCHAR, level BIGINT, note TEXT
        )
    """
