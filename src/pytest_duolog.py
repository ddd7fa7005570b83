"""The pytest plugin of duolog: a database for each test, applications on it, and waiting until they have followed.

pytest loads it wherever duolog is installed, also for tests that have nothing to do with it. So it stands outside the
package, and imports that when a fixture is asked for. Its fixtures are not async: any plugin that runs async tests will
do.
"""

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

_OPTION: Final = "duolog_database"
_DATABASES: Final = ("memory", "sqlite", "postgres")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option and the setting that choose the database."""
    parser.getgroup("duolog").addoption(
        "--duolog-database",
        choices=_DATABASES,
        help="what duolog_database_url stands for; else the setting duolog_database, else memory",
    )
    parser.addini(_OPTION, "what duolog_database_url stands for: memory, sqlite or postgres", default="memory")


@pytest.fixture
def duolog_database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of the test's own."""
    chosen = request.config.getoption(_OPTION) or request.config.getini(_OPTION)
    match chosen:
        case "memory":
            return "memory://"
        case "sqlite":
            directory: Path = request.getfixturevalue("tmp_path")
            return f"sqlite:///{directory / 'duolog.db'}"
        case "postgres":
            return str(request.getfixturevalue("duolog_postgres_url"))
        case _:
            message = f"duolog_database is one of {', '.join(_DATABASES)}; this is not: {chosen!r}"
            raise pytest.UsageError(message)


@pytest.fixture(scope="session")
def duolog_postgres() -> Iterator[Any]:
    """The `PostgresDatabases` of one server for the run: that of DUOLOG_TEST_POSTGRES, or a new one."""
    with import_module("duolog.testing.servers").postgres_for_test_run() as databases:
        yield databases


@pytest.fixture
def duolog_postgres_url(duolog_postgres: Any) -> Iterator[str]:
    """The URL of a new PostgreSQL database of the test's own, whatever the other tests run on."""
    with duolog_postgres.new_database() as url:
        yield url


@pytest.fixture
def duolog_app(duolog_database_url: str) -> Callable[..., Any]:
    """Makes applications on the test's database: `duolog.testing.application`, to be entered with ``async with``."""
    return partial(import_module("duolog.testing").application, database=duolog_database_url)


@pytest.fixture
def caught_up() -> Callable[..., Awaitable[None]]:
    """`duolog.testing.caught_up`: waits until an application has followed its log, or fails and says why."""
    waiting: Callable[..., Awaitable[None]] = import_module("duolog.testing").caught_up
    return waiting
