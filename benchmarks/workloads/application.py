"""duolog's application over the accounts, as its documentation makes one, and logs that were filled before."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.workloads.accounts import (
    Account,
    AccountOpened,
    AccountRenamed,
    OpenAccountCommand,
    OpenAccountInteractor,
    opened,
)
from benchmarks.workloads.payload import NAME
from duolog import Application, Projection
from duolog.adapters import postgres
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.adapters.sqlite import open_database
from duolog.adapters.sqlite.database import SqliteDatabase
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.database.port import Database
from duolog.eventstore.appends import Append
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

SECRET: Final = "a secret for benchmarks only, 32b"  # noqa: S105 - it protects nothing
_EVENTS_AT_ONCE: Final = 1_000


def make_codec() -> EventCodec:
    return EventCodec(EventTypes((AccountOpened, AccountRenamed)), Tagger(SECRET.encode()))


def make_application(where: Path | str, projections: Sequence[type[Projection]] = ()) -> Application:
    """Make the application over a file of SQLite, or over the database of a URL."""
    return Application(
        "benchmark",
        database=where if isinstance(where, str) else f"sqlite:///{where}",
        handlers=[OpenAccountCommand.handled_by(OpenAccountInteractor)],
        projections=projections,
        events=[AccountOpened, AccountRenamed],
        secret=SECRET,
    )


@asynccontextmanager
async def open_log(path: Path) -> AsyncGenerator[SqliteDatabase]:
    database = open_database(f"sqlite:///{path}")
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_postgres(url: str) -> AsyncGenerator[PostgresDatabase]:
    database = postgres.open_database(url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def fill(database: Database, streams: int, events_each: int = 1, category: str = Account.category) -> list[UUID]:
    """Record streams, about a thousand events a transaction, which is no part of any measured time."""
    codec = make_codec()
    ids: list[UUID] = []
    appends: list[Append] = []
    for _ in range(streams):
        account_id = uuid7()
        ids.append(account_id)
        renamed = [AccountRenamed(account_id, NAME)] * (events_each - 1)
        events = tuple(codec.encode(event) for event in (opened(account_id), *renamed))
        appends.append(Append(f"{category}-{account_id}", events, NoStream()))
        if len(appends) * events_each >= _EVENTS_AT_ONCE:
            await database.store.append_all(appends)
            appends = []
    if appends:
        await database.store.append_all(appends)
    return ids


def again_and_again(ids: Sequence[UUID]) -> Iterator[UUID]:
    """Take turns with the ids, for ever."""
    while True:
        yield from ids
