from collections.abc import AsyncIterator
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from tests.unit.examples_users.service import Service, make_service
from users.infrastructure.adapters.argon2_password_hasher import Argon2PasswordHasher
from users.infrastructure.providers import WriteModel


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with as little memory as argon2 allows; what the defaults are has a test of its own."""
    quick = partial(Argon2PasswordHasher, memory_kib=8, passes=1)
    monkeypatch.setattr("users.infrastructure.providers.Argon2PasswordHasher", quick)


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
