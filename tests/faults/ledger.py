"""An application that uses every kind of connection: a row and an event by one command, a query, a stream, a view."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from duolog import (
    Aggregate,
    Application,
    Command,
    EventSourcedRepository,
    Projection,
    Query,
    ReadDatabase,
    StreamQuery,
    TransactionManager,
    UnitOfWork,
    ViewDatabase,
    WriteDatabase,
    event,
)
from duolog.testing import application

LONG_LOAN = 60.0
INSERT = "INSERT INTO entries (entry) VALUES (:entry)"
COUNT = "SELECT count(*) FROM entries"


@event("ledger.entered")
@dataclass(frozen=True, slots=True)
class Entered:
    entry: str


class Entry(Aggregate[str]):
    category = "entry"

    def on_entered(self, event: Entered) -> None: ...


@dataclass(frozen=True, slots=True)
class EnterCommand(Command[str]):
    """Records an entry as a row and as an event.

    Attributes:
        entry: its id.
        holds: whether the interactor takes the writer, to read what it wrote.
    """

    entry: str
    holds: bool = False


@dataclass(frozen=True, slots=True)
class CountEntriesQuery(Query[int]): ...


@dataclass(frozen=True, slots=True)
class StreamEntriesQuery(StreamQuery[str]): ...


class EnterInteractor:
    def __init__(self, unit: UnitOfWork, db: WriteDatabase, tx: TransactionManager) -> None:
        self._entries = EventSourcedRepository(Entry, unit)
        self._db = db
        self._tx = tx

    async def execute(self, cmd: EnterCommand) -> str:
        entry = await self._entries.find(cmd.entry) or Entry(cmd.entry)
        entry.raise_event(Entered(cmd.entry))
        await self._db.fetch_value(COUNT)
        if cmd.holds:
            await self._db.hold_writer(seconds=LONG_LOAN)  # a loan that leaks must not end by itself
        await self._db.execute(INSERT, {"entry": cmd.entry})
        if cmd.holds:
            await self._db.fetch_value(COUNT)
        await self._entries.save(entry)
        await self._tx.commit()
        return cmd.entry


class CountEntriesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: CountEntriesQuery) -> int:  # noqa: ARG002 - it has no fields
        return int(await self._db.fetch_value(COUNT)) + 0 * int(await self._db.fetch_value(COUNT))


class StreamEntriesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: StreamEntriesQuery) -> AsyncIterator[str]:  # noqa: ARG002 - it has no fields
        for row in await self._db.fetch("SELECT entry FROM entries ORDER BY entry LIMIT 2"):
            yield row["entry"]
            await self._db.fetch_value(COUNT)


class EntriesProjection(Projection):
    name, version = "entries_view", 1
    tables: ClassVar[Mapping[str, str]] = {"entries_view": "CREATE TABLE entries_view (entry TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_entered(self, event: Entered) -> None:
        await self._db.fetch_value("SELECT count(*) FROM entries_view")
        await self._db.execute("INSERT INTO entries_view (entry) VALUES (:entry)", {"entry": event.entry})


def ledger(url: str) -> Application:
    """Make the application on a database."""
    return application(
        EnterCommand.handled_by(EnterInteractor),
        CountEntriesQuery.handled_by(CountEntriesQueryService),
        StreamEntriesQuery.handled_by(StreamEntriesQueryService),
        database=url,
        projections=[EntriesProjection],
        tables={"entries": "CREATE TABLE entries (entry TEXT NOT NULL)"},
    )
