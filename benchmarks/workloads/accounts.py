"""The work that is measured on duolog's side: opening accounts and renaming them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from benchmarks.workloads.payload import EMAIL, NAME, OPENED_AT, ROLE
from duolog import (
    Aggregate,
    Command,
    EventSourcedRepository,
    Projection,
    Recorded,
    TransactionManager,
    UnitOfWork,
    ViewDatabase,
    event,
)
from duolog.ids import uuid7


@event("bench.account_opened")
@dataclass(frozen=True, slots=True)
class AccountOpened:
    account_id: UUID
    name: str
    email: str
    role: str
    opened_at: datetime


@event("bench.account_renamed")
@dataclass(frozen=True, slots=True)
class AccountRenamed:
    account_id: UUID
    name: str


class Account(Aggregate[UUID]):
    category = "account"
    name: str = ""

    def open(self, name: str, email: str, role: str, opened_at: datetime) -> None:
        self.raise_event(AccountOpened(self.id, name, email, role, opened_at))

    def rename(self, name: str) -> None:
        self.raise_event(AccountRenamed(self.id, name))

    def on_opened(self, event: AccountOpened) -> None:
        self.name = event.name

    def on_renamed(self, event: AccountRenamed) -> None:
        self.name = event.name


@dataclass(frozen=True, slots=True)
class OpenAccountCommand(Command[UUID]):
    name: str = NAME
    email: str = EMAIL
    role: str = ROLE
    opened_at: datetime = OPENED_AT


class OpenAccountInteractor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager) -> None:
        self._accounts = EventSourcedRepository(Account, unit)
        self._tx = tx

    async def execute(self, cmd: OpenAccountCommand) -> UUID:
        account = Account(uuid7())
        account.open(cmd.name, cmd.email, cmd.role, cmd.opened_at)
        await self._accounts.save(account)
        await self._tx.commit()
        return account.id


class AccountsView(Projection):
    name = "accounts"
    version = 1
    tables = {"accounts": "CREATE TABLE accounts (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL)"}  # noqa: RUF012 - as the documentation writes it

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_opened(self, event: AccountOpened) -> None:
        await self._db.execute(
            "INSERT INTO accounts (id, name, email) VALUES (:id, :name, :email)",
            {"id": event.account_id, "name": event.name, "email": event.email},
        )


class AccountsInSets(Projection):
    name = "accounts"
    version = 1
    tables = AccountsView.tables

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_batch(self, events: Sequence[Recorded[AccountOpened]]) -> None:
        await self._db.execute_many(
            "INSERT INTO accounts (id, name, email) VALUES (:id, :name, :email)",
            [{"id": each.event.account_id, "name": each.event.name, "email": each.event.email} for each in events],
        )


def opened(account_id: UUID) -> AccountOpened:
    return AccountOpened(account_id, NAME, EMAIL, ROLE, OPENED_AT)
