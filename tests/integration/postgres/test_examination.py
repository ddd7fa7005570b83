"""What looking at a server and a database tells."""

from collections.abc import Callable

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.examination import examine
from duolog.adapters.postgres.location import Location, parse_location
from duolog.adapters.postgres.migrations import migrate
from duolog.database.examination import Examination, Level

MakeConnections = Callable[..., Connections]


async def found(location: Location) -> dict[str, Examination]:
    return {each.subject: each async for each in examine(location)}


async def test_a_database_of_this_release_has_no_fault(make_connections: MakeConnections) -> None:
    """Its version, role, durability, clock, sessions and schema are looked at, and its room is said to be unknown."""
    connections = make_connections("schema=examined")
    await migrate(connections)
    seen = await found(connections.location)
    wanted = {"PostgreSQL version", "role", "durability", "clock", "sessions", "disk space", "schema"}
    assert wanted <= set(seen)
    assert {each.level for each in seen.values()} <= {Level.WELL, Level.RISK}
    assert "does not tell" in seen["disk space"].found


async def test_a_missing_schema_is_a_fault(make_connections: MakeConnections) -> None:
    """And nothing is made by looking."""
    location = make_connections("schema=never_made").location
    for _ in range(2):
        schema = (await found(location))["schema"]
        assert schema.level is Level.FAULT
        assert "0001" in schema.found


async def test_settings_that_lose_commits_are_told(make_connections: MakeConnections, connections: Connections) -> None:
    """They are settings of the database or the user, too, not of the server only."""
    name = connections.location.dsn.rpartition("/")[2]
    await connections.fetch(f"ALTER DATABASE {name} SET synchronous_commit = off")
    try:
        durability = (await found(make_connections().location))["durability"]
        assert durability.level is Level.RISK
        assert "synchronous_commit" in durability.found
    finally:
        await connections.fetch(f"ALTER DATABASE {name} RESET synchronous_commit")


async def test_what_cannot_be_reached_is_a_fault_and_no_error(location: Location) -> None:
    """A missing database, and a user who is refused; no password is shown."""
    for url in (
        f"{location.dsn.rpartition('/')[0]}/nowhere_at_all",
        "postgresql://ann:hunter2@127.0.0.1:1/shop?connect_timeout=500",
        "postgresql://ann:hunter2@127.0.0.1:1/shop?sslmode=sometimes",
    ):
        (only,) = (await found(parse_location(url))).values()
        assert (only.subject, only.level) == ("database", Level.FAULT)
        assert only.advice
        assert "hunter2" not in repr(only)
