"""A query's session reads the query's snapshot, and the database keeps it from writing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Executable, bindparam, delete, func, insert, select, text, update

from duolog.adapters.sqlalchemy.engine import ScopeEngine
from duolog.errors import ConfigurationError, NotInCommandScopeError, ReadOnlyError, StatementError
from tests.integration.sqlalchemy.clubs import SECONDS, Club, Eyes, Member


@dataclass(frozen=True, slots=True)
class MemberDTO:
    id: UUID
    email: str


async def _add(eyes: Eyes) -> None:
    eyes.session.add(Member(id=UUID(int=2), email="2@example.org"))
    await eyes.session.flush()


async def _update(eyes: Eyes) -> None:
    await eyes.session.execute(update(Member).values(email="x@y"))


async def _delete(eyes: Eyes) -> None:
    await eyes.session.execute(text("DELETE FROM members"))


@pytest.mark.parametrize("work", [_add, _update, _delete])
async def test_a_query_that_writes_fails(club: Club, work: Callable[[Eyes], Awaitable[None]]) -> None:
    """The database itself refuses a flush and a writing statement in a query's scope."""
    await club.join(1)
    with pytest.raises(ReadOnlyError):
        await club.look(work)
    assert await club.emails() == {1: "1@example.org"}


async def test_a_query_cannot_commit(club: Club) -> None:
    """There is nothing to commit in a query's scope."""

    async def commit(eyes: Eyes) -> None:
        await eyes.session.commit()

    with pytest.raises(NotInCommandScopeError):
        await club.look(commit)


async def test_a_query_reads_one_snapshot(club: Club) -> None:
    """The session and the `ReadDatabase` of one query see one state, where the backend has snapshots."""
    if not club.app.database.features.snapshot_reads:
        pytest.skip("this backend's reads have no common snapshot, and it says so")
    await club.join(1)

    async def look(eyes: Eyes) -> list[int]:
        first = len((await eyes.session.scalars(select(Member))).all())
        async with asyncio.timeout(SECONDS):
            await asyncio.create_task(club.join(2))
        second = await eyes.session.scalar(select(func.count()).select_from(Member))
        third = await eyes.db.fetch_value("SELECT count(*) FROM members")
        return [first, int(second or 0), int(third)]

    assert await club.look(look) == [1, 1, 1]


async def test_queries_run_side_by_side(club: Club) -> None:
    """Every query has a session and a connection of its own."""
    for number in range(1, 4):
        await club.join(number)

    async def look(eyes: Eyes) -> int:
        return len((await eyes.session.scalars(select(Member))).all())

    assert await asyncio.gather(*(club.look(look) for _ in range(20))) == [3] * 20


async def test_core_statements_become_dtos(club: Club) -> None:
    """A SELECT built with SQLAlchemy runs on the query's `ReadDatabase`, straight into DTOs."""
    for number in range(1, 6):
        await club.join(number)
    members = Member.__table__.c

    async def look(eyes: Eyes) -> None:
        some = select(members.id, members.email).order_by(members.email)
        wanted = [UUID(int=2), UUID(int=4)]
        assert await eyes.core.fetch(some.where(members.id.in_(wanted)), into=MemberDTO) == [
            MemberDTO(UUID(int=number), f"{number}@example.org") for number in (2, 4)
        ]
        assert await eyes.core.fetch_one(some.where(members.email == "nobody"), into=MemberDTO) is None
        assert await eyes.core.fetch_one(some.limit(1), into=MemberDTO) == MemberDTO(UUID(int=1), "1@example.org")
        named = text("SELECT email FROM members WHERE id = :id").bindparams(bindparam("id", UUID(int=3)))
        assert await eyes.core.fetch(named) == [{"email": "3@example.org"}]
        assert await eyes.core.fetch_value(select(func.count()).select_from(Member)) == 5
        assert (await eyes.core.fetch_one(select(members.email).where(members.id == UUID(int=5)))) == {
            "email": "5@example.org"
        }

    await club.look(look)


@pytest.mark.parametrize("statement", [insert(Member), update(Member), delete(Member)])
async def test_only_selects_are_fetched(club: Club, statement: Executable) -> None:
    """The reader of Core statements refuses what writes, before the database does."""

    async def look(eyes: Eyes) -> None:
        await eyes.core.fetch(statement)

    with pytest.raises(StatementError):
        await club.look(look)


async def test_a_session_outside_of_duologs_databases_says_what_is_missing() -> None:
    """A database whose scheme SQLAlchemy has no dialect of duolog's for is refused by name."""
    with pytest.raises(ConfigurationError, match="mysql"):
        ScopeEngine("mysql://nowhere/nothing")


async def test_a_session_streams(club: Club) -> None:
    """`session.stream_scalars()` yields every entity."""
    for number in range(1, 6):
        await club.join(number)

    async def look(eyes: Eyes) -> list[str]:
        members = await eyes.session.stream_scalars(select(Member).order_by(Member.email))
        return [member.email async for member in members]

    assert await club.look(look) == [f"{number}@example.org" for number in range(1, 6)]
