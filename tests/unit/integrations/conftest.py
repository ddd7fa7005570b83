from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.unit.integrations.things import client_of, things_api


@pytest.fixture
async def client() -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(things_api()) as client:
        yield client
