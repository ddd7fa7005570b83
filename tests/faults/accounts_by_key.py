"""An application in which a command that takes effect twice shows: each time it opens another account."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid4

from fastapi import FastAPI

from duolog import (
    Aggregate,
    Application,
    Command,
    EventSourcedRepository,
    TransactionManager,
    UnitOfWork,
    WriteDatabase,
    event,
)
from duolog.integrations.fastapi import MessageRouter, attach
from duolog.testing import application

TABLES: Mapping[str, str] = {"accounts": "CREATE TABLE accounts (id TEXT PRIMARY KEY, owner TEXT NOT NULL)"}


@event("account.opened")
@dataclass(frozen=True, slots=True)
class AccountOpened:
    owner: str


class Account(Aggregate[UUID]):
    category: ClassVar[str] = "account"

    def on_account_opened(self, event: AccountOpened) -> None: ...


@dataclass(frozen=True, slots=True)
class OpenAccountCommand(Command[UUID]):
    """Opens a new account, as a row and as an event, whoever owns one already."""

    owner: str


class OpenAccountInteractor:
    def __init__(self, unit: UnitOfWork, db: WriteDatabase, tx: TransactionManager) -> None:
        self._accounts = EventSourcedRepository(Account, unit)
        self._db = db
        self._tx = tx

    async def execute(self, cmd: OpenAccountCommand) -> UUID:
        account = Account(uuid4())
        account.raise_event(AccountOpened(cmd.owner))
        row = {"id": account.id, "owner": cmd.owner}
        await self._db.execute("INSERT INTO accounts (id, owner) VALUES (:id, :owner)", row)
        await self._accounts.save(account)
        await self._tx.commit()
        return account.id


def accounts_application(url: str) -> Application:
    """Make the application on a database; several on one database do not know which keys the others have in flight."""
    return application(OpenAccountCommand.handled_by(OpenAccountInteractor), database=url, tables=TABLES)


def accounts_api(app: Application) -> FastAPI:
    """Serve a started application."""
    api = FastAPI()
    attach(api, app)
    MessageRouter(api, app).post("/accounts", OpenAccountCommand)
    return api
