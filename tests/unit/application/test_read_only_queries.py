"""A query service cannot write, by whatever way it tries: the database itself refuses it, on every backend."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from duolog import Query, ReadDatabase, StreamQuery
from duolog.adapters.sqlalchemy import CoreReader, SqlAlchemyProvider
from duolog.errors import DuologError, ReadOnlyError
from duolog.testing import application
from tests.unit.database_urls import url

__all__ = ["url"]

TABLES = {
    "notes": """
        CREATE TABLE notes (id BIGINT PRIMARY KEY, body TEXT NOT NULL);
        INSERT INTO notes (id, body) VALUES (1, 'first')
    """
}
WRITES = (
    "INSERT INTO notes (id, body) VALUES (2, 'second') RETURNING id, body",
    "UPDATE notes SET body = 'changed' RETURNING id, body",
    "DELETE FROM notes RETURNING id, body",
    "DROP TABLE notes",
)


@dataclass(frozen=True, slots=True)
class NoteDTO:
    id: int
    body: str


@dataclass(frozen=True, slots=True)
class ReadNotesQuery(Query[int]):
    how: str
    sql: str


@dataclass(frozen=True, slots=True)
class StreamNotesQuery(StreamQuery[NoteDTO]):
    sql: str


async def by_stream(db: ReadDatabase, sql: str) -> object:
    return [row async for row in db.stream(sql, size=1)]


async def after_a_read(db: ReadDatabase, sql: str) -> object:
    await db.fetch("SELECT id FROM notes")
    return await db.fetch(sql)


WAYS: dict[str, Callable[[ReadDatabase, str], Awaitable[object]]] = {
    "fetch": lambda db, sql: db.fetch(sql),
    "fetch into": lambda db, sql: db.fetch(sql, into=NoteDTO),
    "fetch_one": lambda db, sql: db.fetch_one(sql),
    "fetch_value": lambda db, sql: db.fetch_value(sql),
    "fetch_for_json": lambda db, sql: db.fetch_for_json(sql, like=NoteDTO),
    "stream": by_stream,
    "after a read": after_a_read,
}


class ReadNotesQueryService:
    def __init__(self, db: ReadDatabase, core: CoreReader, session: AsyncSession) -> None:
        self._db = db
        self._core = core
        self._session = session

    async def execute(self, query: ReadNotesQuery) -> int:
        if query.how == "core":
            await self._core.fetch(text(query.sql))
        elif query.how == "session":
            await self._session.execute(text(query.sql))
            await self._session.commit()
        elif query.how in WAYS:
            await WAYS[query.how](self._db, query.sql)
        return int(await self._db.fetch_value("SELECT count(*) FROM notes WHERE body = 'first'"))


class StreamNotesQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: StreamNotesQuery) -> AsyncIterator[NoteDTO]:
        async for note in self._db.stream(query.sql, into=NoteDTO):
            yield note


def notes(database: str) -> Any:
    return application(
        ReadNotesQuery.handled_by(ReadNotesQueryService),
        StreamNotesQuery.handled_by(StreamNotesQueryService),
        database=database,
        providers=[SqlAlchemyProvider()],
        tables=TABLES,
    )


@pytest.mark.parametrize("how", [*WAYS, "core", "session"])
async def test_a_query_service_that_writes_fails_and_nothing_has_changed(url: str, how: str) -> None:
    async with notes(url) as app:
        for sql in WRITES:
            with pytest.raises(DuologError) as refused:
                await app.query(ReadNotesQuery(how, sql))
            # A cursor of PostgreSQL is for SELECTs only, and a statement in a text may be no SELECT either.
            assert isinstance(refused.value, ReadOnlyError) or how in {"stream", "core"}
            assert await app.query(ReadNotesQuery("", "")) == 1


async def test_a_stream_query_that_writes_fails_and_nothing_has_changed(url: str) -> None:
    async with notes(url) as app:
        for sql in WRITES:
            with pytest.raises(DuologError):
                _ = [note async for note in app.stream(StreamNotesQuery(sql))]
            assert await app.query(ReadNotesQuery("", "")) == 1
