"""The backends, for tests that are no contracts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from duolog.adapters.memory import open_database as open_memory
from duolog.adapters.sqlite import open_database as open_sqlite
from duolog.container.databases import open_database
from duolog.database.port import Database
from tests.fresh_log import FreshLog

MakeDatabase = Callable[[Path], Database]

# Those that keep tables in SQLite, for tests of what only they can be asked.
SQLITE_BACKENDS: Final[Mapping[str, MakeDatabase]] = {
    "memory": lambda _: open_memory("memory://"),
    "sqlite": lambda folder: open_sqlite(f"sqlite:///{folder / 'test.db'}"),
}


@pytest.fixture(scope="module", params=[*SQLITE_BACKENDS, "postgres"])
def make_empty(request: pytest.FixtureRequest) -> MakeDatabase:
    """Make an empty database of each backend, for one user at a time."""
    if request.param in SQLITE_BACKENDS:
        return SQLITE_BACKENDS[request.param]
    log: FreshLog = request.getfixturevalue("fresh_log")
    return lambda _: open_database(log.url())
