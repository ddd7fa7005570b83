"""A page of 20 rows of a large table, through a gateway, as DTOs."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dishka import Provider, Scope
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.harness.case import Case, Comparison, Round, Sample
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_calls, time_loop
from benchmarks.workloads.application import SECRET
from duolog import Application, Cursors, Limits, Query, QueryGateway, ReadDatabase, Relation, SortOrder
from duolog.read.cursors import query_fingerprint

COLUMNS = "id, name, email, role, score"
TABLE = "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, email TEXT, role TEXT, score REAL)"


@dataclass(frozen=True, slots=True)
class PersonDTO:
    id: int
    name: str
    email: str
    role: str
    score: float


PEOPLE = Relation("people", PersonDTO, key="id", limits=Limits(most_offset=2**40))
CURSORS = Cursors.with_secret(SECRET.encode())


@dataclass(frozen=True, slots=True)
class ListPeopleQuery(Query[list[PersonDTO]]):
    sql: str
    start: int


class PeopleReader:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def page(self, sql: str, start: int) -> list[PersonDTO]:
        return list(await self._db.fetch(sql, {"start": start}, into=PersonDTO))


class ListPeopleQueryService:
    def __init__(self, people: PeopleReader) -> None:
        self._people = people

    async def execute(self, query: ListPeopleQuery) -> list[PersonDTO]:
        return await self._people.page(query.sql, query.start)


# As in https://docs.sqlalchemy.org/en/21/orm/quickstart.html
class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    role: Mapped[str]
    score: Mapped[float]


OFFSET = f"SELECT {COLUMNS} FROM people ORDER BY id LIMIT 20 OFFSET :start"  # noqa: S608 - made of constants
KEYSET = f"SELECT {COLUMNS} FROM people WHERE id > :start ORDER BY id LIMIT 20"  # noqa: S608 - made of constants


def paging(sizes: Sizes, kind: str) -> Comparison:
    """Compare one kind of page: ``first``, ``deep-offset`` or ``deep-keyset``."""
    by_key = kind == "deep-keyset"
    sql = KEYSET if by_key else OFFSET
    start = 0 if kind == "first" else sizes.rows - 40
    pages = sizes.pages if kind != "deep-offset" else max(sizes.pages // 30, 3)

    @asynccontextmanager
    async def gateway(folder: Path) -> AsyncGenerator[Round]:
        async with make_pages(f"sqlite:///{_table(folder, sizes.rows)}") as app:

            async def page() -> None:
                session = app.database.open_reader()
                try:
                    assert len(await PeopleReader(session).page(sql, start)) == 20  # noqa: PLR2004 - a page
                finally:
                    await session.close()

            yield lambda: time_loop(page, pages)

    @asynccontextmanager
    async def query(folder: Path) -> AsyncGenerator[Round]:
        async with make_pages(f"sqlite:///{_table(folder, sizes.rows)}") as app:
            message = ListPeopleQuery(sql, start)
            yield lambda: time_loop(lambda: app.query(message), pages)

    @asynccontextmanager
    async def blocking(folder: Path) -> AsyncGenerator[Round]:
        connection = sqlite3.connect(_table(folder, sizes.rows))

        async def measure() -> Sample:
            return time_calls(lambda: _raw_page(connection, sql, start), pages)

        yield measure
        connection.close()

    @asynccontextmanager
    async def in_thread(folder: Path) -> AsyncGenerator[Round]:
        connection = sqlite3.connect(_table(folder, sizes.rows), check_same_thread=False)
        yield lambda: time_loop(lambda: asyncio.to_thread(_raw_page, connection, sql, start), pages)
        connection.close()

    def statement() -> Any:
        ordered = select(Person).order_by(Person.id).limit(20)
        return ordered.where(Person.id > start) if by_key else ordered.offset(start)

    @asynccontextmanager
    async def orm(folder: Path) -> AsyncGenerator[Round]:
        engine: Engine = create_engine(f"sqlite:///{_table(folder, sizes.rows)}")

        def page() -> None:
            with Session(engine) as session:
                assert len([to_dto(person) for person in session.scalars(statement())]) == 20  # noqa: PLR2004 - a page

        async def measure() -> Sample:
            return time_calls(page, pages)

        yield measure
        engine.dispose()

    @asynccontextmanager
    async def async_orm(folder: Path) -> AsyncGenerator[Round]:
        # https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html
        engine = create_async_engine(f"sqlite+aiosqlite:///{_table(folder, sizes.rows)}")

        async def page() -> None:
            async with AsyncSession(engine, expire_on_commit=False) as session:
                people = await session.scalars(statement())
                assert len([to_dto(person) for person in people]) == 20  # noqa: PLR2004 - a page

        yield lambda: time_loop(page, pages)
        await engine.dispose()

    titles = {"first": "first page", "deep-offset": "deepest page by OFFSET", "deep-keyset": "deepest page by key"}
    in_thread_name = "sqlite3 into dataclasses, in a thread"
    cases: list[tuple[str, Callable[[Path], Any]]] = [
        ("duolog, gateway of handwritten SQL", gateway),
        ("duolog, gateway of a declared table", lambda folder: _declared(folder, sizes.rows, start, pages, by_key)),
        ("duolog, query through the whole pipeline", query),
        (in_thread_name, in_thread),
        ("sqlite3 into dataclasses, blocking the loop", blocking),
        ("SQLAlchemy ORM to DTOs, asyncio", async_orm),
        ("SQLAlchemy ORM to DTOs, blocking the loop", orm),
    ]
    return Comparison(
        f"page-{kind}",
        f"20 of {sizes.rows:,} rows: {titles[kind]}",
        "page",
        [Case(name, opening) for name, opening in cases],
        reference=in_thread_name,
        per_operation=True,
    )


@asynccontextmanager
async def _declared(folder: Path, rows: int, start: int, pages: int, by_key: bool) -> AsyncGenerator[Round]:  # noqa: FBT001 - as its caller has it
    async with make_pages(f"sqlite:///{_table(folder, rows)}") as app:
        cursor = await cursor_at(app, start) if by_key else None

        async def page() -> None:
            session = app.database.open_reader()
            try:
                people = QueryGateway(PEOPLE, session, CURSORS)
                if by_key:
                    items = (await people.cursor_page(cursor=cursor, limit=20)).items
                else:
                    items = await people.list_all(limit=20, offset=start)
                assert len(items) == 20  # noqa: PLR2004 - a page
            finally:
                await session.close()

        yield lambda: time_loop(page, pages)


def _raw_page(connection: sqlite3.Connection, sql: str, start: int) -> None:
    people = [PersonDTO(*row) for row in connection.execute(sql, {"start": start})]
    assert len(people) == 20  # noqa: PLR2004 - a page


def to_dto(person: Person) -> PersonDTO:
    return PersonDTO(person.id, person.name, person.email, person.role, person.score)


async def cursor_at(app: Application, start: int) -> str:
    """Return the cursor of the page that begins behind a row."""
    session = app.database.open_reader()
    try:
        page = await QueryGateway(PEOPLE, session, CURSORS).cursor_page(cursor=None, limit=1)
    finally:
        await session.close()
    assert page.next_cursor is not None
    first = CURSORS.read(
        page.next_cursor, fingerprint=query_fingerprint("people", sort_by="", order=SortOrder.ASC, filters={})
    )
    return CURSORS.write(replace(first, value=start, tie_break=start))


@asynccontextmanager
async def make_pages(url: str) -> AsyncGenerator[Application]:
    readers = Provider(scope=Scope.REQUEST)
    readers.provide(PeopleReader)
    app = Application(
        "pages",
        database=url,
        handlers=[ListPeopleQuery.handled_by(ListPeopleQueryService, reads=[])],
        providers=[readers],
        secret=SECRET,
    )
    async with app:
        yield app


def _table(folder: Path, rows: int) -> Path:
    path = folder / "people.sqlite"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(TABLE)
        connection.executemany(
            "INSERT INTO people VALUES (?, ?, ?, ?, ?)",
            ((n, f"Person {n}", f"person{n}@example.org", "member", n / 7) for n in range(1, rows + 1)),
        )
    connection.close()
    return path
