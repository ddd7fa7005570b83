from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from duolog.testing.servers import PostgresDatabases
from tests.integration.sqlalchemy.clubs import Club, club_application


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database of each kind."""
    if request.param == "postgres":
        databases: PostgresDatabases = request.getfixturevalue("postgres")
        with databases.new_database() as made:
            yield made
    else:
        yield "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'club.db'}"


@pytest.fixture
async def club(url: str) -> AsyncIterator[Club]:
    app = club_application(url)
    async with app:
        yield Club(app)
