"""A page of 20 rows of a large table of PostgreSQL, through a gateway: as DTOs, and as the bytes of its JSON."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from benchmarks.harness.case import Case, Comparison, Round, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_loop
from benchmarks.rows.paging import (
    COLUMNS,
    CURSORS,
    KEYSET,
    PEOPLE,
    ListPeopleQuery,
    PeopleReader,
    Person,
    PersonDTO,
    cursor_at,
    make_pages,
    to_dto,
)
from duolog import Application, QueryGateway

FIRST: Final = "duolog, gateway of a declared table, first page"
DEEPEST: Final = "duolog, gateway of a declared table, deepest page by cursor"
OFFSET: Final = "duolog, gateway of a declared table, deepest page by OFFSET"
HANDWRITTEN: Final = "duolog, gateway of handwritten SQL, first page"
QUERY: Final = "duolog, query through the whole pipeline, first page"
RAW: Final = "asyncpg into dataclasses, first page"
CORE: Final = "SQLAlchemy Core into dataclasses, first page"
ORM: Final = "SQLAlchemy ORM to DTOs, first page"
OUR_JSON: Final = "duolog, gateway, page as bytes of JSON without objects"
OUR_OBJECTS: Final = "duolog, gateway, page of DTOs, encoded by msgspec"
RAW_JSON: Final = "asyncpg into dataclasses, encoded by msgspec"
SERVER_JSON: Final = "asyncpg, JSON by the server (json_agg), other bytes"
PAGE: Final = 20
_TABLE: Final = "CREATE TABLE people (id bigint PRIMARY KEY, name text, email text, role text, score double precision)"
_RAW: Final = f"SELECT {COLUMNS} FROM people WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608 - made of constants
_AGGREGATED: Final = f"SELECT json_agg(page)::text FROM ({_RAW}) AS page"  # noqa: S608 - made of constants
_DEEP_SHARE: Final = 30

Page = Callable[[], Awaitable[object]]


class Table:
    """The table, which all cases of a run read: it is filled once."""

    def __init__(self, server: BenchServer, rows: int) -> None:
        self._server = server
        self._rows = rows
        self._users = 0
        self._database: Any = None
        self._url = ""

    @asynccontextmanager
    async def url(self) -> AsyncGenerator[str]:
        if not self._users:
            self._database = self._server.new_database()
            self._url = self._database.__enter__()
            await _fill(self._url, self._rows)
        self._users += 1
        try:
            yield self._url
        finally:
            self._users -= 1
            if not self._users:
                self._database.__exit__(None, None, None)


def postgres_paging(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare the first page, and the deepest page with the first."""
    table, deep = Table(server, sizes.rows), sizes.rows - 2 * PAGE

    def ours(name: str, make: Callable[[Application], Awaitable[Page]], pages: int = sizes.pages) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            async with table.url() as url, make_pages(url) as app:
                page = await make(app)
                yield lambda: time_loop(page, pages)

        return Case(name, opening)

    async def first(app: Application) -> Page:
        return _walk(app, None)

    async def deepest(app: Application) -> Page:
        return _walk(app, await cursor_at(app, deep))

    async def by_offset(app: Application) -> Page:
        async def read(people: QueryGateway[PersonDTO]) -> None:
            assert len(await people.list_all(limit=PAGE, offset=deep)) == PAGE

        return _through(app, read)

    async def handwritten(app: Application) -> Page:
        async def page() -> None:
            session = app.database.open_reader()
            try:
                assert len(await PeopleReader(session).page(KEYSET, 0)) == PAGE
            finally:
                await session.close()

        return page

    async def query(app: Application) -> Page:
        message = ListPeopleQuery(KEYSET, 0)
        return lambda: app.query(message)

    return Comparison(
        "postgres-page",
        f"20 of {sizes.rows:,} rows of PostgreSQL",
        "page",
        (
            ours(FIRST, first),
            ours(DEEPEST, deepest),
            ours(OFFSET, by_offset, max(sizes.pages // _DEEP_SHARE, 3)),
            ours(HANDWRITTEN, handwritten),
            ours(QUERY, query),
            _raw(table, RAW, sizes.pages, _into_dataclasses),
            _core(table, sizes.pages),
            _orm(table, sizes.pages),
        ),
        reference=RAW,
        per_operation=True,
        targets=(
            Target(FIRST, RAW, 1 / 1.15, "gateway: ≤ 1.15x the time of raw asyncpg, so ≥ 0.87x as fast"),
            Target(FIRST, ORM, 4, "gateway: ≥ 4x ORM entities mapped to DTOs"),
            Target(DEEPEST, FIRST, 1 / 1.5, "deepest page: ≤ 1.5x the time of the first, so ≥ 0.67x as fast"),
        ),
    )


def postgres_json(sizes: Sizes, server: BenchServer, rows: int) -> Comparison:
    """Compare ways to answer a page of so many rows as bytes of JSON."""
    table = Table(server, max(rows, sizes.rows // 10))
    pages = max(sizes.pages * PAGE // rows, 3)

    def ours(name: str, read: Callable[[QueryGateway[PersonDTO]], Awaitable[None]]) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            async with table.url() as url, make_pages(url) as app:
                page = _through(app, read)
                yield lambda: time_loop(page, pages)

        return Case(name, opening)

    async def without_objects(people: QueryGateway[PersonDTO]) -> None:
        assert (await people.as_json.list_all(limit=rows)).encode()

    async def of_objects(people: QueryGateway[PersonDTO]) -> None:
        assert msgspec.json.encode(await people.list_all(limit=rows))

    async def raw(connection: Any) -> None:
        assert msgspec.json.encode([PersonDTO(*row) for row in await connection.fetch(_RAW, 0, rows)])

    async def by_server(connection: Any) -> None:
        assert (await connection.fetchval(_AGGREGATED, 0, rows)).encode()

    return Comparison(
        f"postgres-json-{rows}",
        f"A page of {rows} rows of PostgreSQL as bytes of JSON",
        "page",
        (
            ours(OUR_JSON, without_objects),
            ours(OUR_OBJECTS, of_objects),
            _raw(table, RAW_JSON, pages, raw),
            _raw(table, SERVER_JSON, pages, by_server),
        ),
        reference=RAW_JSON,
        per_operation=True,
    )


def _through(app: Application, read: Callable[[QueryGateway[PersonDTO]], Awaitable[None]]) -> Page:
    async def page() -> None:
        session = app.database.open_reader()
        try:
            await read(QueryGateway(PEOPLE, session, CURSORS))
        finally:
            await session.close()

    return page


def _walk(app: Application, cursor: str | None) -> Page:
    async def read(people: QueryGateway[PersonDTO]) -> None:
        assert len((await people.cursor_page(cursor=cursor, limit=PAGE)).items) == PAGE

    return _through(app, read)


async def _into_dataclasses(connection: Any) -> None:
    assert len([PersonDTO(*row) for row in await connection.fetch(_RAW, 0, PAGE)]) == PAGE


def _raw(table: Table, name: str, pages: int, read: Callable[[Any], Awaitable[None]]) -> Case:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        # https://magicstack.github.io/asyncpg/current/usage.html#connection-pools; it keeps the statement prepared
        async with table.url() as url, asyncpg.create_pool(url, min_size=1, max_size=10) as pool:

            async def page() -> None:
                async with pool.acquire() as connection:
                    await read(connection)

            yield lambda: time_loop(page, pages)

    return Case(name, opening)


def _core(table: Table, pages: int) -> Case:
    statement = select(*Person.__table__.c).where(Person.id > 0).order_by(Person.id).limit(PAGE)

    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        # https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#synopsis-core
        async with table.url() as url:
            engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))

            async def page() -> None:
                connection: AsyncConnection
                async with engine.connect() as connection:
                    assert len([PersonDTO(*row) for row in await connection.execute(statement)]) == PAGE

            yield lambda: time_loop(page, pages)
            await engine.dispose()

    return Case(CORE, opening)


def _orm(table: Table, pages: int) -> Case:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        # https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html
        async with table.url() as url:
            engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))

            async def page() -> None:
                async with AsyncSession(engine, expire_on_commit=False) as session:
                    people = await session.scalars(select(Person).where(Person.id > 0).order_by(Person.id).limit(PAGE))
                    assert len([to_dto(person) for person in people]) == PAGE

            yield lambda: time_loop(page, pages)
            await engine.dispose()

    return Case(ORM, opening)


async def _fill(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_TABLE)
        people = ((n, f"Person {n}", f"person{n}@example.org", "member", n / 7) for n in range(1, rows + 1))
        await connection.copy_records_to_table("people", records=people)
        await connection.execute("VACUUM (ANALYZE) people")
    finally:
        await connection.close()
