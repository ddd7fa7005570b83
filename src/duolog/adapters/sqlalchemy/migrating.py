"""A connection of SQLAlchemy's for a migration tool, like Alembic, that owns the application's tables."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection

from duolog.adapters.sqlalchemy.engine import ScopeEngine

Migration = Callable[[Connection], None]


def run_migration(database_url: str, migration: Migration) -> None:
    """Run ``migration`` in one transaction that no other migration runs beside, and commit it.

    Migration tools are synchronous, so this is too: it waits for a thread of its own, whether or not an event loop runs
    here.

    Args:
        database_url: the application's, with its password.
        migration: gets a connection in an open transaction; what it raises rolls everything back.

    Raises:
        ConfigurationError: the URL is wrong, or SQLAlchemy cannot run on such databases.
        DatabaseError: the database cannot be reached.
        Exception: what the migration raised.
    """
    dialect = ScopeEngine(database_url).dialect

    def run() -> None:
        asyncio.run(dialect.migrate(database_url, migration))

    with ThreadPoolExecutor(1, thread_name_prefix="duolog-migration") as thread:
        thread.submit(run).result()
