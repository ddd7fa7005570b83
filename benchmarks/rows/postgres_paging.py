"""A page of 20 rows of a large table of PostgreSQL, through a gateway, as DTOs."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from benchmarks.harness.case import Case, Comparison, Round, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_loop
from benchmarks.rows.paging import COLUMNS, KEYSET, ListPeopleQuery, PeopleReader, Person, PersonDTO, make_pages, to_dto

FIRST: Final = "duolog, gateway, first page"
DEEPEST: Final = "duolog, gateway, deepest page by key"
QUERY: Final = "duolog, query through the whole pipeline, first page"
RAW: Final = "asyncpg into dataclasses, first page"
ORM: Final = "SQLAlchemy ORM to DTOs, first page"
PAGE: Final = 20
_TABLE: Final = "CREATE TABLE people (id bigint PRIMARY KEY, name text, email text, role text, score double precision)"
_RAW: Final = f"SELECT {COLUMNS} FROM people WHERE id > $1 ORDER BY id LIMIT 20"  # noqa: S608 - made of constants


def postgres_paging(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare the first page, and the deepest page with the first; each is read by key."""

    def gateway(name: str, start: int) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            with server.new_database() as url:
                await _fill(url, sizes.rows)
                async with make_pages(url) as app:

                    async def page() -> None:
                        session = app.database.open_reader()
                        try:
                            assert len(await PeopleReader(session).page(KEYSET, start)) == PAGE
                        finally:
                            await session.close()

                    yield lambda: time_loop(page, sizes.pages)

        return Case(name, opening)

    @asynccontextmanager
    async def query(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            await _fill(url, sizes.rows)
            async with make_pages(url) as app:
                message = ListPeopleQuery(KEYSET, 0)
                yield lambda: time_loop(lambda: app.query(message), sizes.pages)

    @asynccontextmanager
    async def raw(_: Path) -> AsyncGenerator[Round]:
        # https://magicstack.github.io/asyncpg/current/usage.html#connection-pools; it keeps the statement prepared
        with server.new_database() as url:
            await _fill(url, sizes.rows)
            async with asyncpg.create_pool(url, min_size=1, max_size=10) as pool:

                async def page() -> None:
                    async with pool.acquire() as connection:
                        rows = await connection.fetch(_RAW, 0)
                    assert len([PersonDTO(*row) for row in rows]) == PAGE

                yield lambda: time_loop(page, sizes.pages)

    @asynccontextmanager
    async def orm(_: Path) -> AsyncGenerator[Round]:
        # https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html
        with server.new_database() as url:
            await _fill(url, sizes.rows)
            engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))

            async def page() -> None:
                async with AsyncSession(engine, expire_on_commit=False) as session:
                    people = await session.scalars(select(Person).where(Person.id > 0).order_by(Person.id).limit(PAGE))
                    assert len([to_dto(person) for person in people]) == PAGE

            yield lambda: time_loop(page, sizes.pages)
            await engine.dispose()

    return Comparison(
        "postgres-page",
        f"20 of {sizes.rows:,} rows of PostgreSQL",
        "page",
        (
            gateway(FIRST, 0),
            gateway(DEEPEST, sizes.rows - 2 * PAGE),
            Case(QUERY, query),
            Case(RAW, raw),
            Case(ORM, orm),
        ),
        reference=RAW,
        per_operation=True,
        targets=(
            Target(FIRST, RAW, 1 / 1.15, "gateway: ≤ 1.15x the time of raw asyncpg, so ≥ 0.87x as fast"),
            Target(FIRST, ORM, 4, "gateway: ≥ 4x ORM entities mapped to DTOs"),
            Target(DEEPEST, FIRST, 1 / 1.5, "deepest page: ≤ 1.5x the time of the first, so ≥ 0.67x as fast"),
        ),
    )


async def _fill(url: str, rows: int) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_TABLE)
        people = ((n, f"Person {n}", f"person{n}@example.org", "member", n / 7) for n in range(1, rows + 1))
        await connection.copy_records_to_table("people", records=people)
        await connection.execute("VACUUM (ANALYZE) people")
    finally:
        await connection.close()
