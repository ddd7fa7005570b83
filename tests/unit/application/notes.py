"""A small application for these tests: notes that are taken, projected and listed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from dishka import Provider, Scope, provide

from duolog import (
    Aggregate,
    Application,
    Command,
    EventSourcedRepository,
    Projection,
    Query,
    ReadDatabase,
    Settings,
    TransactionManager,
    UnitOfWork,
    ViewDatabase,
    event,
)
from duolog.dispatch.pipeline import Placed
from duolog.testing import application


@event("note.taken")
@dataclass(frozen=True, slots=True)
class Taken:
    text: str


class Note(Aggregate[str]):
    category = "note"

    def on_taken(self, event: Taken) -> None: ...


@dataclass(frozen=True, slots=True)
class TakeNote(Command[str]):
    note: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Peek(Command[None]):
    """Changes nothing."""


@dataclass(frozen=True, slots=True)
class ListNotes(Query[list[str]]):
    pass


@dataclass
class Gate:
    """Lets tests hold interactors and the projection up.

    Attributes:
        inside: set when an interactor waits.
        open: interactors go on once it is set.
        view_open: the projection goes on once it is set.
    """

    inside: asyncio.Event = field(default_factory=asyncio.Event)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    view_open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.open.set()
        self.view_open.set()


class TakeNoteInteractor:
    def __init__(self, unit: UnitOfWork, tx: TransactionManager, gate: Gate) -> None:
        self._notes = EventSourcedRepository(Note, unit)
        self._tx = tx
        self._gate = gate

    async def execute(self, cmd: TakeNote) -> str:
        note = await self._notes.find(cmd.note) or Note(cmd.note)
        note.raise_event(Taken(cmd.text))
        await self._notes.save(note)
        self._gate.inside.set()
        await self._gate.open.wait()
        await self._tx.commit()
        return cmd.note


class PeekInteractor:
    async def execute(self, cmd: Peek) -> None: ...


class NotesProjection(Projection):
    name, version = "notes_view", 1
    tables: ClassVar[Mapping[str, str]] = {"notes_view": "CREATE TABLE notes_view (text TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase, gate: Gate) -> None:
        self._db = db
        self._gate = gate

    async def on_taken(self, event: Taken) -> None:
        await self._gate.view_open.wait()
        if event.text == "poison":
            raise ZeroDivisionError
        await self._db.execute("INSERT INTO notes_view (text) VALUES (:text)", {"text": event.text})


class ListNotesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: ListNotes) -> list[str]:  # noqa: ARG002 - it has no fields
        return [row["text"] for row in await self._db.fetch("SELECT text FROM notes_view ORDER BY text")]


class NotesProvider(Provider):
    scope = Scope.APP

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    @provide
    def gate(self) -> Gate:
        return self._gate


def notes(
    url: str,
    gate: Gate | None = None,
    *,
    settings: Settings | None = None,
    projections: Sequence[type[Projection]] = (NotesProjection,),
    middleware: Sequence[Placed] = (),
) -> Application:
    return application(
        TakeNote.handled_by(TakeNoteInteractor),
        Peek.handled_by(PeekInteractor),
        ListNotes.handled_by(ListNotesQueryService, reads=[NotesProjection]),
        database=url,
        providers=[NotesProvider(gate or Gate())],
        projections=projections,
        settings=settings,
        middleware=middleware,
    )
