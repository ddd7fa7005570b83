"""A view of the accounts with eventsource-py, as its documentation advises.

``DatabaseProjection`` with a handler of two parameters, which writes in the event's transaction: its docstring. The
``SubscriptionManager`` catches up from the store, and keeps the position in the database after each batch, which is
its default: https://github.com/tyevans/eventsource-py#quick-start. The projection has no checkpoint of its own beside
that, and batches are as large as duolog's pages, both to its advantage.
"""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
from eventsource import (
    DatabaseProjection,
    InMemoryEventBus,
    SQLCheckpointRepository,
    SQLiteEventStore,
    create_async_engine,
    handles,
)
from eventsource.adapters.postgresql import PostgreSQLEventStore
from eventsource.application.subscriptions import SubscriptionConfig, SubscriptionManager
from eventsource.migrations import get_schema
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker

from benchmarks.peers.eventsource_py_accounts import AccountOpened

BATCH: Final = 1_000
FULL: Final = 2
_DDL: Final = "CREATE TABLE accounts (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL)"
_INSERT: Final = text("INSERT INTO accounts (id, name, email) VALUES (:id, :name, :email)")


class AccountsProjection(DatabaseProjection):
    @handles(AccountOpened)
    async def _on_opened(self, connection: AsyncConnection, event: AccountOpened) -> None:
        await connection.execute(_INSERT, {"id": str(event.aggregate_id), "name": event.name, "email": event.email})


class View:
    """A view that has not been built yet, and the log that it is built from."""

    def __init__(self, store: SQLiteEventStore | PostgreSQLEventStore, engine: AsyncEngine) -> None:
        self._store = store
        self._engine = engine

    async def build(self) -> None:
        """Apply everything that the log has."""
        manager = SubscriptionManager(self._store, InMemoryEventBus(), SQLCheckpointRepository(self._engine))
        projection = AccountsProjection(async_sessionmaker(self._engine, expire_on_commit=False))
        await manager.subscribe(projection, SubscriptionConfig(start_from="beginning", batch_size=BATCH), "accounts")
        failures = [error for error in (await manager.start()).values() if error is not None]
        if failures:
            raise failures[0]
        await manager.stop()

    async def count(self) -> int:
        """Return how many accounts it has."""
        async with self._engine.connect() as connection:
            return int((await connection.execute(text("SELECT count(*) FROM accounts"))).scalar_one())


@asynccontextmanager
async def open_view(log: Path, path: Path) -> AsyncGenerator[View]:
    """Make an empty view in a file of its own."""
    connection = sqlite3.connect(path)
    connection.executescript(f"{get_schema('checkpoints', backend='sqlite')};\n{_DDL};")
    connection.close()
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    store = SQLiteEventStore(str(log))
    try:
        async with engine.connect() as opened:
            assert (await opened.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
            assert (await opened.execute(text("PRAGMA synchronous"))).scalar_one() == FULL
        yield View(store, engine)
    finally:
        await store.close()
        await engine.dispose()


@asynccontextmanager
async def open_postgres_view(url: str) -> AsyncGenerator[View]:
    """Make an empty view, and forget the one before, in the log's database."""
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE IF EXISTS accounts, projection_checkpoints CASCADE")
    # One of its functions, which nothing here calls, is refused by PostgreSQL 18 when its body is checked.
    await connection.execute(f"SET check_function_bodies = off;\n{get_schema('checkpoints')}")
    await connection.execute(_DDL)
    await connection.close()
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    store = PostgreSQLEventStore(engine)
    try:
        yield View(store, engine)
    finally:
        await engine.dispose()
