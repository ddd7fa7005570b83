"""The same work with eventsource-py, as its README shows: registered events, aggregate, repository.

https://github.com/tyevans/eventsource-py#quick-start, which has its store in memory; here it is the SQLite store of
https://tyevans.github.io/eventsource-py, which chooses WAL itself, and ``synchronous`` stays at SQLite's default, FULL.
On PostgreSQL the schema is its own, and the engine is the caller's, as its docstring says; the pool's size is that of
eventsourcing's threads, with SQLAlchemy's own overflow.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from eventsource import AggregateRepository, AggregateRoot, DomainEvent, SQLiteEventStore, register_event
from eventsource.adapters.postgresql import PostgreSQLEventStore
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.workloads.payload import EMAIL, NAME, OPENED_AT, ROLE


@register_event
class AccountOpened(DomainEvent):
    event_type: str = "AccountOpened"
    aggregate_type: str = "Account"
    name: str
    email: str
    role: str
    opened_at: datetime


class AccountState(BaseModel):
    account_id: UUID
    name: str = ""


class Account(AggregateRoot[AccountState]):
    aggregate_type = "Account"

    def _get_initial_state(self) -> AccountState:
        return AccountState(account_id=self.aggregate_id)

    def _apply(self, event: DomainEvent) -> None:
        if isinstance(event, AccountOpened):
            self._state = AccountState(account_id=self.aggregate_id, name=event.name)

    def open(self) -> None:
        self.apply_event(
            AccountOpened(
                aggregate_id=self.aggregate_id,
                name=NAME,
                email=EMAIL,
                role=ROLE,
                opened_at=OPENED_AT,
                aggregate_version=self.get_next_version(),
            )
        )


@asynccontextmanager
async def open_repository(path: Path) -> AsyncGenerator[AggregateRepository[Account]]:
    store = SQLiteEventStore(str(path))
    try:
        yield AggregateRepository(event_store=store, aggregate_factory=Account, aggregate_type="Account")
    finally:
        await store.close()


@asynccontextmanager
async def open_postgres_repository(url: str) -> AsyncGenerator[AggregateRepository[Account]]:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=16)
    store = PostgreSQLEventStore(engine, create_schema=True, owns_engine=True)
    try:
        yield AggregateRepository(event_store=store, aggregate_factory=Account, aggregate_type="Account")
    finally:
        await store.close()


async def open_accounts(accounts: AggregateRepository[Account], count: int) -> None:
    for _ in range(count):
        await open_account(accounts)


async def open_account(accounts: AggregateRepository[Account]) -> UUID:
    account = accounts.create_new(uuid4())
    account.open()
    await accounts.save(account)
    return account.aggregate_id
