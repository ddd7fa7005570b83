from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.location import Location, parse_location
from duolog.adapters.postgres.statements import Statements
from duolog.testing.servers import PostgresReplica, PostgresServer


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


@pytest.fixture(scope="module")
def replicated_database(replicated_servers: tuple[PostgresServer, PostgresReplica]) -> Iterator[str]:
    """The name of a database that the replica has, too, for the tests of one module."""
    primary, replica = replicated_servers
    with primary.databases.new_database() as url:
        replica.catch_up()
        yield url.rpartition("/")[2]


@pytest.fixture
def replicated_name(replicated_servers: tuple[PostgresServer, PostgresReplica], replicated_database: str) -> str:
    """The module's database, emptied for one test."""
    primary, replica = replicated_servers
    primary.databases.empty_database(replicated_database)
    replica.catch_up()
    return replicated_database
