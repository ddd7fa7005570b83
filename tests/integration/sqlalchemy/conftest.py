from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.sqlalchemy.clubs import Club, club_application


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "postgres":
        return str(request.getfixturevalue("fresh_postgres_url"))
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'club.db'}"


@pytest.fixture
async def club(url: str) -> AsyncIterator[Club]:
    app = club_application(url)
    async with app:
        yield Club(app)
