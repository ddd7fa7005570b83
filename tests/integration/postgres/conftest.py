from collections.abc import AsyncIterator, Callable

import pytest

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.location import Location, parse_location
from duolog.adapters.postgres.statements import Statements


@pytest.fixture
def location(postgres_url: str) -> Location:
    return parse_location(postgres_url)


@pytest.fixture
async def make_connections(postgres_url: str) -> AsyncIterator[Callable[..., Connections]]:
    """Make pools on the module's database; they are closed at the test's end."""
    made: list[Connections] = []

    def make(options: str = "", *, most: int = 4, patience: float = 20.0, read_only: bool = False) -> Connections:
        joint = "&" if "?" in postgres_url else "?"
        location = parse_location(f"{postgres_url}{joint}{options}" if options else postgres_url)
        made.append(Connections(location, most=most, patience=patience, read_only=read_only))
        return made[-1]

    yield make
    for connections in made:
        await connections.close()


@pytest.fixture
def connections(make_connections: Callable[..., Connections]) -> Connections:
    return make_connections()


@pytest.fixture
def statements() -> Statements:
    return Statements()
