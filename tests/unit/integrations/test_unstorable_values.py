from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from duolog import (
    Command,
    CursorPage,
    Cursors,
    Documents,
    DocumentView,
    PaginatedResult,
    Query,
    QueryGateway,
    ReadDatabase,
    Relation,
    WriteDatabase,
    equals,
    one_of,
    prefix,
)
from duolog.integrations.fastapi import attach
from duolog.testing import application
from duolog.testing.applications import TEST_SECRET
from tests.unit.integrations.things import client_of

TABLES = {
    "notes": "CREATE TABLE notes (id TEXT PRIMARY KEY, size BIGINT NOT NULL)",
    "documents": DocumentView.table("documents"),
}


@dataclass(frozen=True, slots=True)
class NoteDTO:
    id: str
    size: int


NOTES = Relation(
    "notes",
    NoteDTO,
    key="id",
    filterable={"id": equals("id"), "ids": one_of("id"), "start": prefix("id"), "sizes": one_of("size")},
)


@dataclass(frozen=True, slots=True)
class GetNoteQuery(Query[NoteDTO | None]):
    note_id: str


class GetNoteQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._notes = QueryGateway(NOTES, db)

    async def execute(self, query: GetNoteQuery) -> NoteDTO | None:
        return await self._notes.get_by_id(query.note_id)


@dataclass(frozen=True, slots=True)
class GetDocumentQuery(Query[NoteDTO | None]):
    name: str


class GetDocumentQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._documents = Documents("documents", NoteDTO, db)

    async def execute(self, query: GetDocumentQuery) -> NoteDTO | None:
        return await self._documents.get(query.name)


@dataclass(frozen=True, slots=True)
class ListNotesQuery(Query[PaginatedResult[NoteDTO]]):
    id: str | None = None
    ids: tuple[str, ...] | None = None
    start: str | None = None
    sizes: tuple[int, ...] | None = None


class ListNotesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._notes = QueryGateway(NOTES, db)

    async def execute(self, query: ListNotesQuery) -> PaginatedResult[NoteDTO]:
        return await self._notes.paginate(limit=5, filters=query)


@dataclass(frozen=True, slots=True)
class WalkNotesQuery(Query[CursorPage[NoteDTO]]):
    id: str | None = None


class WalkNotesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._notes = QueryGateway(NOTES, db, Cursors.with_secret(TEST_SECRET.encode()))

    async def execute(self, query: WalkNotesQuery) -> CursorPage[NoteDTO]:
        return await self._notes.cursor_page(cursor=None, limit=5, filters=query)


@dataclass(frozen=True, slots=True)
class BrokenQuery(Query[int]):
    pass


class BrokenQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, _: BrokenQuery) -> int:
        return int(await self._db.fetch_value("SELECT :size", {"size": {"a": 1}}))


@dataclass(frozen=True, slots=True)
class WriteNoteCommand(Command[None]):
    id: str


class WriteNoteInteractor:
    def __init__(self, db: WriteDatabase) -> None:
        self._db = db

    async def execute(self, cmd: WriteNoteCommand) -> None:
        await self._db.execute("INSERT INTO notes VALUES (:id, 1)", {"id": cmd.id})


@pytest.fixture
async def notes() -> AsyncGenerator[httpx.AsyncClient]:
    app = application(
        GetNoteQuery.handled_by(GetNoteQueryService),
        GetDocumentQuery.handled_by(GetDocumentQueryService),
        ListNotesQuery.handled_by(ListNotesQueryService),
        WalkNotesQuery.handled_by(WalkNotesQueryService),
        BrokenQuery.handled_by(BrokenQueryService),
        WriteNoteCommand.handled_by(WriteNoteInteractor),
        tables=TABLES,
    )
    api = FastAPI()
    routes = attach(api, app)
    routes.get("/notes", ListNotesQuery, anonymous=True)
    routes.get("/walks", WalkNotesQuery, anonymous=True)
    routes.get("/notes/{note_id}", GetNoteQuery, anonymous=True)
    routes.get("/documents/{name}", GetDocumentQuery, anonymous=True)
    routes.get("/broken", BrokenQuery, anonymous=True)
    routes.post("/notes", WriteNoteCommand, anonymous=True)
    async with client_of(api) as client:
        yield client


@pytest.mark.parametrize(
    "path",
    [
        "/notes?id=%00",
        "/notes?ids=a&ids=b%00",
        "/notes?start=a%00b",
        f"/notes?sizes={2**63}",
        "/notes/%00",
        "/documents/%00",
        "/walks?id=%00",
    ],
)
async def test_a_value_that_no_database_holds_is_the_requests_mistake(notes: httpx.AsyncClient, path: str) -> None:
    """A NUL or a number of more than 64 bits in a path, a filter or a list of choices is 422, as it is in a command."""
    answer = await notes.get(path)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:duolog:problem:unstorable-values")
    assert answer.json()["detail"].startswith("parameter '")


async def test_a_command_on_tables_refuses_it_likewise(notes: httpx.AsyncClient) -> None:
    """What a row cannot hold is answered as what an event cannot hold."""
    for text in (r"a\u0000", r"\ud800"):
        headers = {"content-type": "application/json"}
        answer = await notes.post("/notes", content=f'{{"id": "{text}"}}', headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:duolog:problem:unstorable-values")


async def test_a_lone_surrogate_becomes_a_replacement_character_on_its_way(notes: httpx.AsyncClient) -> None:
    """Paths and query strings are read as UTF-8, which has none."""
    assert (await notes.get("/notes/%ED%A0%80")).status_code == 404
    assert (await notes.get("/notes?id=%ED%A0%80")).json()["items"] == []


async def test_a_statement_that_is_wrong_stays_the_services_mistake(notes: httpx.AsyncClient) -> None:
    """A parameter of a kind that no database takes is a bug, and nothing of it is shown."""
    answer = await notes.get("/broken")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:duolog:problem:internal")
