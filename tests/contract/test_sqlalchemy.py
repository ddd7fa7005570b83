"""SQLAlchemy's sessions keep their contract in memory, on SQLite, and on the newest and the oldest PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from duolog import Application
from duolog.testing.contracts.sqlalchemy_transactions import JoinCommand, SqlAlchemyTransactionContract
from duolog.testing.servers import PostgresDatabases
from tests.fresh_log import FreshLog

OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"


class TestMemory(SqlAlchemyTransactionContract):
    @pytest.fixture
    def url(self) -> str:
        return "memory://"


class TestSqlite(SqlAlchemyTransactionContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'contract.db'}"


class TestPostgres(SqlAlchemyTransactionContract):
    @pytest.fixture
    def server(self, postgres: PostgresDatabases) -> PostgresDatabases:
        return postgres

    @pytest.fixture
    def log(self, fresh_log: FreshLog) -> FreshLog:
        return fresh_log

    @pytest.fixture
    def url(self, log: FreshLog) -> str:
        return log.url()

    @pytest.fixture
    def open_transactions(self, server: PostgresDatabases, url: str) -> Callable[[], Awaitable[int]]:
        name = urlsplit(url).path.removeprefix("/")

        async def count() -> int:
            return int(await asyncio.to_thread(server.run_sql, OPEN, database=name))

        return count

    async def test_events_are_written_on_the_sessions_own_connection(
        self, app: Application, server: PostgresDatabases, url: str
    ) -> None:
        """Row and event have one transaction of the server's."""
        await app.execute(JoinCommand(uuid4()))
        same = "SELECT (SELECT xmin FROM contract_members) = (SELECT xmin FROM duolog.events)"
        assert server.run_sql(same, database=urlsplit(url).path.removeprefix("/")) == "t"


class TestPostgres15(TestPostgres):
    @pytest.fixture
    def server(self, postgres_15: PostgresDatabases) -> PostgresDatabases:
        return postgres_15

    @pytest.fixture
    def log(self, fresh_log_15: FreshLog) -> FreshLog:
        return fresh_log_15
