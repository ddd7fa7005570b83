"""Migrating the application's tables on a PostgreSQL server."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import sqlalchemy
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.location import Location

# Two keys, like all of duolog's, so that they meet no lock of one key; held until the transaction ends.
_ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('duolog'), hashtext('migration of the application'))"
_WAIT: Final = "SET LOCAL lock_timeout = 0"


async def migrate_server(location: Location, migration: Callable[[sqlalchemy.Connection], None]) -> None:
    """Run a migration in one transaction; other migrations wait.

    Raises:
        DatabaseError: the server cannot be reached.
        Exception: what the migration raised.
    """

    async def connected() -> Connection:
        return await connect(replace(location, statement_timeout=0))  # it may rewrite a large table

    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=connected, poolclass=NullPool, hide_parameters=True
    )
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(_WAIT)
            await connection.exec_driver_sql(_ALONE)
            await connection.exec_driver_sql(f"SET LOCAL lock_timeout = {location.lock_timeout}")
            await connection.run_sync(migration)
    finally:
        await engine.dispose()
