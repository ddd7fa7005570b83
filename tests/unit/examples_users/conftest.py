from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path

import pytest

from tests.unit.examples_users.service import Service, make_service
from users.infrastructure.providers import WriteModel


@pytest.fixture(params=product(WriteModel, ["memory", "sqlite", "postgres"]), ids=lambda of: f"{of[0].value}-{of[1]}")
async def service(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Service]:
    """The users service, once for each write model on each database."""
    write_model, database = request.param
    match database:
        case "postgres":
            url = str(request.getfixturevalue("fresh_postgres_url"))
        case "sqlite":
            url = f"sqlite:///{tmp_path / 'users.db'}"
        case _:
            url = "memory://"
    service = make_service(write_model, database_url=url)
    async with service.app:
        yield service


@pytest.fixture
async def event_service() -> AsyncIterator[Service]:
    """The users service over events in memory, for what depends on neither."""
    service = make_service(WriteModel.EVENTS)
    async with service.app:
        yield service
