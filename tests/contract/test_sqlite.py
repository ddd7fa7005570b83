"""SQLite keeps every contract."""

from collections.abc import Callable
from pathlib import Path

import pytest

from duolog.adapters.sqlite import open_database
from duolog.database.port import Database
from tests.contract.suites import *  # noqa: F403 - all of them, so that none is forgotten


@pytest.fixture
def make_database(tmp_path: Path) -> Callable[[], Database]:
    return lambda: open_database(f"sqlite:///{tmp_path / 'contract.db'}")
