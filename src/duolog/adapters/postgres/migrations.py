"""Bringing the schema up to date: numbered SQL files, each frozen by its checksum."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from duolog.adapters._sql.migration_files import Migration, migrations_of
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.sql_files import in_schema, load_sql
from duolog.errors import SchemaError

LOCK_MILLISECONDS: Final = 60_000


@lru_cache(maxsize=1)
def migrations() -> tuple[Migration, ...]:
    """Return all migrations of this release, in order."""
    return migrations_of("duolog.adapters.postgres")


async def pending(connection: Connection, schema: str) -> list[Migration]:
    """Return the migrations that are not applied yet; writes nothing.

    Raises:
        SchemaError: an applied migration is unknown here, or its text was another one.
        DatabaseError: the database failed.
    """
    known = {migration.number: migration for migration in migrations()}
    applied: set[int] = set()
    with reported():
        rows = await _applied(connection, schema)
    for number, name, checksum in rows:
        if number not in known:
            message = f"the database has the migration {name!r}, which this release does not know"
            raise SchemaError(message, hint="It was made by a newer release of duolog: upgrade, or use its backup.")
        if checksum != known[number].checksum:
            message = f"the migration {name!r} was applied with another text"
            raise SchemaError(message, hint="Released migrations are frozen; restore the file of the release.")
        applied.add(number)
    return [migration for number, migration in sorted(known.items()) if number not in applied]


async def migrate(connections: Connections) -> None:
    """Apply what is pending, each migration in a transaction of its own; makes the schema where it is missing.

    Processes that start at the same time take turns, by an advisory lock for the schema's name.

    Raises:
        SchemaError: the schema is newer than this release, or was tampered with.
        ReadOnlyError: the connections may only read.
        DatabaseError: the database failed; the migrations before stay applied.
    """
    connections.refuse_if_read_only()
    async with connections.use() as connection:
        if not await pending(connection, connections.location.schema):
            return  # the usual case takes no lock
    while await _apply_next(connections):
        pass


async def check_schema(connection: Connection, schema: str) -> None:
    """See that the schema is that of this release; nothing is written.

    Raises:
        SchemaError: the schema is missing, older or newer, or was tampered with.
    """
    missing = await pending(connection, schema)
    if missing:
        message = f"the database lacks the migrations {', '.join(step.name for step in missing)}"
        raise SchemaError(message, hint="`duolog migrate` applies them.")


async def _applied(connection: Connection, schema: str) -> Sequence[tuple[int, str, str]]:
    if not await connection.fetchval(load_sql("migrations_exist", schema), schema):
        return []
    rows = await connection.fetch(load_sql("read_migrations", schema))
    return [(row["number"], row["name"], row["checksum"]) for row in rows]


async def _apply_next(connections: Connections) -> bool:
    schema = connections.location.schema
    async with connections.transaction() as connection:
        # An index on a large log takes longer than a statement may, and who waits for another's turn waits as long.
        await connection.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
        await connection.execute(load_sql("lock_migrations", schema), schema)
        steps = await pending(connection, schema)
        if not steps:
            return False
        if not await connection.fetchval(load_sql("schema_exists", schema), schema):
            await connection.execute(load_sql("create_schema", schema))  # needs a right that not every user has
        await connection.execute(load_sql("create_migrations", schema))
        await connection.execute(in_schema(steps[0].sql, schema))
        await connection.execute(
            load_sql("insert_migration", schema), steps[0].number, steps[0].name, steps[0].checksum
        )
        return len(steps) > 1
