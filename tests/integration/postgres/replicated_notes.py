"""A small application for tests of replicas: notes in a view and in a table, and queries that tell who answered."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dishka import Provider, Scope, provide
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from duolog import (
    Application,
    Command,
    Projection,
    Query,
    ReadDatabase,
    Settings,
    StreamQuery,
    UnitOfWork,
    ViewDatabase,
    WriteDatabase,
    cached,
    event,
)
from duolog.adapters.sqlalchemy import SqlAlchemyProvider
from duolog.database.replicas import ReplicaStatus
from duolog.errors import DatabaseError
from duolog.testing import application
from duolog.testing.servers import PostgresReplica, PostgresServer


@event("note.written")
@dataclass(frozen=True, slots=True)
class NoteWritten:
    text: str


@dataclass(frozen=True, slots=True)
class WriteNote(Command[None]):
    """Records an event, for the views."""


@dataclass(frozen=True, slots=True)
class KeepNote(Command[None]):
    """Changes a table, and records nothing."""


@dataclass(frozen=True, slots=True)
class Count:
    total: int
    by_replica: bool = field(compare=False)


@dataclass(frozen=True, slots=True)
class CountNotes(Query[Count]):
    """Of the view."""


@dataclass(frozen=True, slots=True)
class CountInlineNotes(Query[Count]):
    """Of the inline view."""


@dataclass(frozen=True, slots=True)
class CountKept(Query[Count]):
    """Of the table."""


@dataclass(frozen=True, slots=True)
class CountKeptBySession(Query[Count]):
    """Of the table, through SQLAlchemy."""


@dataclass(frozen=True, slots=True)
class CountCached(Query[Count]):
    """Of the view, kept."""


@dataclass(frozen=True, slots=True)
class CountBravely(Query[Count]):
    """Of the view, kept, by a service that answers whatever fails."""


@dataclass(frozen=True, slots=True)
class CountStrictly(Query[Count]):
    """Of the view, kept and checked."""


@dataclass(frozen=True, slots=True)
class StreamNotes(StreamQuery[Count]):
    """Of the view, one item."""


@dataclass
class Pause:
    """Holds query services up after their first read, if somebody wants to.

    Attributes:
        first: a service waits after its first read, once.
        reached: it has got there.
        may_go_on: it goes on.
    """

    first: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_by(self) -> None:
        if self.first:
            self.first = False
            self.reached.set()
            await self.may_go_on.wait()


class WriteNoteInteractor:
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def execute(self, cmd: WriteNote) -> None:  # noqa: ARG002 - it has no fields
        self._unit.stage("note-all", [NoteWritten("x")])


class KeepNoteInteractor:
    def __init__(self, db: WriteDatabase) -> None:
        self._db = db

    async def execute(self, cmd: KeepNote) -> None:  # noqa: ARG002 - it has no fields
        await self._db.execute("INSERT INTO kept (text) VALUES (:text)", {"text": "x"})


class NotesProjection(Projection):
    name, version = "notes", 1
    tables: ClassVar[Mapping[str, str]] = {"notes": "CREATE TABLE notes (text TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_written(self, event: NoteWritten) -> None:
        await self._db.execute("INSERT INTO notes (text) VALUES (:text)", {"text": event.text})


class InlineNotesProjection(Projection):
    name, version, inline = "inline_notes", 1, True
    tables: ClassVar[Mapping[str, str]] = {"inline_notes": "CREATE TABLE inline_notes (text TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_written(self, event: NoteWritten) -> None:
        await self._db.execute("INSERT INTO inline_notes (text) VALUES (:text)", {"text": event.text})


class _Counting:
    table: ClassVar[str] = "notes"

    def __init__(self, db: ReadDatabase, pause: Pause) -> None:
        self._db = db
        self._pause = pause

    async def _count(self) -> Count:
        by_replica = bool(await self._db.fetch_value("SELECT pg_is_in_recovery()"))
        total = int(await self._db.fetch_value(f"SELECT count(*) FROM {self.table}"))  # noqa: S608 - a constant
        if self._pause.first:
            await self._pause.pass_by()
            total = int(await self._db.fetch_value(f"SELECT count(*) FROM {self.table}"))  # noqa: S608 - a constant
        return Count(total, by_replica)


class CountNotesQueryService(_Counting):
    async def execute(self, query: CountNotes) -> Count:  # noqa: ARG002 - it has no fields
        return await self._count()


class CountInlineNotesQueryService(_Counting):
    table = "inline_notes"

    async def execute(self, query: CountInlineNotes) -> Count:  # noqa: ARG002 - it has no fields
        return await self._count()


class CountKeptQueryService(_Counting):
    table = "kept"

    async def execute(self, query: CountKept) -> Count:  # noqa: ARG002 - it has no fields
        return await self._count()


class CountKeptBySessionQueryService:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def execute(self, query: CountKeptBySession) -> Count:  # noqa: ARG002 - it has no fields
        row = (await self._session.execute(text("SELECT count(*), pg_is_in_recovery() FROM kept"))).one()
        return Count(row[0], row[1])


@cached(max_staleness=0.2)
class CountCachedQueryService(_Counting):
    async def execute(self, query: CountCached) -> Count:  # noqa: ARG002 - it has no fields
        return await self._count()


@cached(max_staleness=60)
class CountBravelyQueryService(_Counting):
    async def execute(self, query: CountBravely) -> Count:  # noqa: ARG002 - it has no fields
        try:
            return await self._count()
        except DatabaseError:
            return Count(-1, by_replica=True)


@cached(strict=True)
class CountStrictlyQueryService(_Counting):
    async def execute(self, query: CountStrictly) -> Count:  # noqa: ARG002 - it has no fields
        return await self._count()


class StreamNotesQueryService(_Counting):
    async def execute(self, query: StreamNotes) -> AsyncIterator[Count]:  # noqa: ARG002 - it has no fields
        yield await self._count()


class PauseProvider(Provider):
    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self._pause = pause

    @provide(scope=Scope.APP)
    def pause(self) -> Pause:
        return self._pause


def notes(url: str, *replicas: str, pause: Pause | None = None, lag_seconds: float = 60.0) -> Application:
    views = [NotesProjection]
    return application(
        WriteNote.handled_by(WriteNoteInteractor),
        KeepNote.handled_by(KeepNoteInteractor),
        CountNotes.handled_by(CountNotesQueryService, reads=views),
        CountInlineNotes.handled_by(CountInlineNotesQueryService, reads=[InlineNotesProjection]),
        CountKept.handled_by(CountKeptQueryService),
        CountKeptBySession.handled_by(CountKeptBySessionQueryService),
        CountCached.handled_by(CountCachedQueryService, reads=views),
        CountBravely.handled_by(CountBravelyQueryService, reads=views),
        CountStrictly.handled_by(CountStrictlyQueryService, reads=views),
        StreamNotes.handled_by(StreamNotesQueryService, reads=views),
        database=url,
        projections=[NotesProjection, InlineNotesProjection],
        tables={"kept": "CREATE TABLE kept (text TEXT NOT NULL)"},
        providers=[PauseProvider(pause or Pause()), SqlAlchemyProvider()],
        settings=Settings(replica_look_seconds=0.05, replica_lag_seconds=lag_seconds, watch_seconds=0.05),
        replicas=replicas,
    )


def statuses(app: Application) -> Sequence[ReplicaStatus]:
    assert app.replicas is not None
    return app.replicas.statuses()


async def until_used(app: Application, *, is_used: bool = True) -> None:
    """Wait until all replicas get queries, or none does; they are looked at twenty times a second."""
    async with asyncio.timeout(20):
        while any(each.is_used is not is_used for each in statuses(app)):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Pair:
    """A database and its replica.

    Attributes:
        url: of the database.
        replica_url: of the replica.
        primary: the database's server.
        replica: the replica's.
    """

    url: str
    replica_url: str
    primary: PostgresServer
    replica: PostgresReplica

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[Application]:
        """Run the application until its replica gets queries, and shows everything."""
        async with notes(self.url, self.replica_url, **options) as app:
            await app.caught_up()
            await asyncio.to_thread(self.replica.catch_up)
            await until_used(app)
            yield app
