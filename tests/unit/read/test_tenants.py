"""Two tenants over one table: whatever they ask for, neither sees a row of the other or goes on from its cursor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duolog import Cursors, QueryGateway, Relation, SortOrder, equals
from duolog.adapters.memory import open_database
from duolog.errors import ConfigurationError, InvalidCursorError
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork

CURSORS = Cursors.with_secret(b"a secret for tests only, 32 bytes")
TABLE = "CREATE TABLE notes (id BIGINT PRIMARY KEY, owner TEXT NOT NULL, stars BIGINT NOT NULL)"


@dataclass(frozen=True, slots=True)
class NoteDTO:
    id: int
    stars: int


NOTES = Relation(
    "notes", NoteDTO, key="id", sortable={"stars": "stars"}, filterable={"stars": equals("stars")}, tenant="owner"
)
ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3)), max_size=24)
QUESTIONS = st.tuples(
    st.integers(1, 5), st.sampled_from([None, "stars"]), st.sampled_from(SortOrder), st.none() | st.integers(0, 3)
)


@asynccontextmanager
async def both(rows: list[tuple[str, int]]) -> AsyncIterator[dict[str, QueryGateway[NoteDTO]]]:
    database = open_database("memory://")
    await database.open()
    await database.create_tables({"notes": TABLE})
    sql = "INSERT INTO notes (id, owner, stars) VALUES (:id, :owner, :stars)"
    values = [{"id": number, "owner": owner, "stars": stars} for number, (owner, stars) in enumerate(rows)]
    await database.committer.commit(SealedWork(statements=tuple(Statement(sql, row) for row in values)))
    session = database.open_reader()
    yield {owner: QueryGateway(NOTES, session, CURSORS, tenant=owner) for owner in "ab"}
    await session.close()
    await database.close()


@settings(deadline=None, max_examples=60)
@given(ROWS, QUESTIONS)
def test_no_tenant_sees_a_row_or_a_cursor_of_the_other(
    rows: list[tuple[str, int]], question: tuple[int, str | None, SortOrder, int | None]
) -> None:
    limit, sort_by, order, stars = question
    filters = {"stars": stars}

    async def ask() -> None:
        async with both(rows) as notes:
            for owner, other in ("ab", "ba"):
                own = {number for number, row in enumerate(rows) if row[0] == owner and stars in {None, row[1]}}
                seen: list[int] = []
                cursor: str | None = None
                while True:
                    page = await notes[owner].cursor_page(
                        cursor=cursor, limit=limit, sort_by=sort_by, order=order, filters=filters
                    )
                    seen += [row.id for row in page.items]
                    for foreign in filter(None, (page.next_cursor, page.prev_cursor)):
                        with pytest.raises(InvalidCursorError):
                            await notes[other].cursor_page(
                                cursor=foreign, limit=limit, sort_by=sort_by, order=order, filters=filters
                            )
                    cursor = page.next_cursor
                    if cursor is None:
                        break
                assert len(seen) == len(own)
                assert set(seen) == own
                assert await notes[owner].count(filters) == len(own)
                listed = await notes[owner].list_all(limit=200, filters=filters)
                assert {row.id for row in listed} == own
                for number in range(len(rows)):
                    assert await notes[owner].exists(number) == (rows[number][0] == owner)

    asyncio.run(ask())


def test_a_tenant_is_never_forgotten_or_made_up() -> None:
    db = open_database("memory://").open_reader()
    with pytest.raises(ConfigurationError, match="none is given"):
        QueryGateway(NOTES, db)
    with pytest.raises(ConfigurationError, match="no column for tenants"):
        QueryGateway(Relation("notes", NoteDTO, key="id"), db, tenant="a")
