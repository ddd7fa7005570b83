"""When a session writes: at the commit, or where somebody looks at the outcome."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import CursorResult, Result, delete, insert, select, text, update

from duolog.errors import DatabaseBusyError, StatementError
from duolog.write.sealed_work import HeldWriter
from tests.integration.sqlalchemy.clubs import (
    SECONDS,
    Club,
    EmailTakenError,
    Hands,
    Member,
    Player,
    Team,
    club_application,
)


def member(number: int, email: str = "") -> Member:
    return Member(id=UUID(int=number), email=email or f"{number}@example.org")


def changed_rows(result: Result[Any]) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount


async def test_what_is_flushed_is_read(club: Club) -> None:
    """After a flush, this command's reads see its own writes; nobody else does before the commit."""

    async def write(hands: Hands) -> tuple[int, int, int]:
        hands.session.add(member(1))
        before = len((await hands.session.scalars(select(Member))).all())
        await hands.session.flush()
        after = len((await hands.session.scalars(select(Member))).all())
        theirs = await hands.db.fetch_value("SELECT count(*) FROM members")
        await hands.tx.commit()
        return before, after, theirs

    assert await club.do(write) == (0, 1, 1)


async def test_a_generated_key_is_there_after_a_flush(club: Club) -> None:
    """Where the database makes the key, the handler has it after its flush."""

    async def found(hands: Hands) -> int:
        team = Team(name="first")
        hands.session.add(team)
        await hands.session.flush()
        hands.session.add(Player(name="one", team_id=team.id))
        await hands.tx.commit()
        return team.id

    team_id = await club.do(found)
    assert (await club.rows("teams"), await club.rows("players")) == (1, 1)

    async def team_of_player(hands: Hands) -> int:
        return (await hands.session.scalars(select(Player.team_id))).one()

    assert await club.do(team_of_player) == team_id


async def test_a_last_flush_may_need_generated_keys(club: Club) -> None:
    """Children whose parent's key is made by the database are written with it, also in the flush of the commit."""

    async def found(hands: Hands) -> None:
        hands.session.add(member(1))
        hands.session.add_all(
            Team(name=f"team {at}", players=[Player(name="one"), Player(name="two")]) for at in range(3)
        )
        await hands.tx.commit()

    await club.do(found)
    assert (await club.rows("teams"), await club.rows("players"), await club.emails()) == (3, 6, {1: "1@example.org"})


async def test_children_are_deleted_with_their_parent(club: Club) -> None:
    """A last flush that must read first, to cascade, does so."""

    async def found(hands: Hands) -> int:
        team = Team(name="first", players=[Player(name="one"), Player(name="two")])
        hands.session.add_all([team, Team(name="second", players=[Player(name="three")])])
        await hands.session.flush()
        await hands.tx.commit()
        return team.id

    team_id = await club.do(found)

    async def dissolve(hands: Hands) -> None:
        hands.session.add(member(1))
        await hands.session.delete(await hands.session.get_one(Team, team_id))
        await hands.tx.commit()

    await club.do(dissolve)
    assert (await club.rows("teams"), await club.rows("players")) == (1, 1)


async def test_many_changes_are_written_in_one_last_flush(club: Club) -> None:
    """Inserts, updates and deletes of many rows, in one commit."""

    async def fill(hands: Hands) -> None:
        hands.session.add_all(member(number) for number in range(1, 41))
        await hands.tx.commit()

    async def change(hands: Hands) -> None:
        for found in (await hands.session.scalars(select(Member))).all():
            if found.id.int % 2:
                await hands.session.delete(found)
            else:
                found.email = f"new{found.id.int}@example.org"
        hands.session.add(member(100))
        await hands.tx.commit()

    await club.do(fill)
    await club.do(change)
    expected = {number: f"new{number}@example.org" for number in range(2, 41, 2)} | {100: "100@example.org"}
    assert await club.emails() == expected


async def test_a_writing_statement_runs_at_once(club: Club) -> None:
    """A statement that a handler executes itself answers with its real row count, and its effect is read."""
    for number in range(1, 4):
        await club.join(number)

    async def write(hands: Hands) -> tuple[object, ...]:
        changed = await hands.session.execute(update(Member).values(email=Member.email + ".org"))
        gone = await hands.session.execute(delete(Member).where(Member.id == UUID(int=3)).returning(Member.id))
        raw = await hands.session.execute(text("UPDATE members SET version = 7 WHERE id = :id"), {"id": UUID(int=1)})
        answer = (changed_rows(changed), gone.scalars().all(), changed_rows(raw))
        await hands.tx.commit()
        return answer

    assert await club.do(write) == (3, [UUID(int=3)], 1)
    assert await club.emails() == {1: "1@example.org.org", 2: "2@example.org.org"}


async def test_a_statement_that_changes_nothing_says_so(club: Club) -> None:
    """A row count of 0 is no error where no entity is concerned."""

    async def write(hands: Hands) -> int:
        changed = await hands.session.execute(update(Member).where(Member.email == "nobody").values(email="x@y"))
        await hands.tx.commit()
        return changed_rows(changed)

    assert await club.do(write) == 0


async def test_wrong_sql_is_a_statement_error(club: Club) -> None:
    """SQL that the database does not understand is the application's error, not SQLAlchemy's."""

    async def write(hands: Hands) -> None:
        await hands.session.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(StatementError):
        await club.do(write)


async def test_staged_flushes_of_many_commands_share_commits(club: Club) -> None:
    """Commands side by side are all committed; a lost race of one is no other's."""
    joined = await asyncio.gather(
        *(club.join(number, f"{number % 20}@example.org") for number in range(40)), return_exceptions=True
    )
    assert sum(isinstance(each, UUID) for each in joined) == 20
    assert {type(each).__name__ for each in joined} == {"UUID", "EmailTakenError"}
    assert len(await club.emails()) == len(await club.notes()) == 20


async def test_a_held_writer_is_taken_back_in_time(url: str) -> None:
    """Where one writer keeps others waiting, a handler that flushed and then dawdles loses it, and is rolled back."""
    async with club_application(url, seconds=0.2) as app:
        club = Club(app)
        is_taken_back = False

        async def dawdle(hands: Hands) -> None:
            nonlocal is_taken_back
            hands.session.add(member(1))
            await hands.session.flush()
            held: HeldWriter | None = hands.unit.held_writer
            assert held is not None
            others = asyncio.create_task(club.join(2))
            async with asyncio.timeout(SECONDS):
                await others
            is_taken_back = True
            await hands.tx.commit()

        try:
            await club.do(dawdle)
        except DatabaseBusyError:
            assert await club.emails() == {2: "2@example.org"}
        else:
            assert len(await club.emails()) == 2
        assert is_taken_back


async def test_a_failed_statement_undoes_itself_only(club: Club) -> None:
    """A handler that passes over a statement's error keeps what it wrote before, and commits that."""
    await club.join(1)

    async def write(hands: Hands) -> None:
        hands.session.add(member(2))
        await hands.session.flush()
        twice = insert(Member).values(id=UUID(int=3), email="1@example.org", version=1)
        for _ in range(2):
            with pytest.raises(EmailTakenError):
                await hands.session.execute(twice)
            assert len((await hands.session.scalars(select(Member))).all()) == 2
        hands.session.add(member(4))
        await hands.tx.commit()

    await club.do(write)
    assert await club.emails() == {number: f"{number}@example.org" for number in (1, 2, 4)}


async def test_savepoints_are_the_sessions_own_where_there_are_any(club: Club) -> None:
    """A nested transaction takes back what is inside, and nothing else; where there is none, it is refused by name."""
    await club.join(1)

    async def nest(hands: Hands) -> None:
        hands.session.add(member(2))
        async with hands.session.begin_nested():
            hands.session.add(member(3))
            await hands.session.flush()
            hands.session.add(Team(name="inside"))
        with pytest.raises(EmailTakenError):
            await lose(hands)
        with pytest.raises(EmailTakenError):
            await hands.session.execute(insert(Member).values(id=UUID(int=5), email="1@example.org", version=1))
        await hands.tx.commit()

    async def lose(hands: Hands) -> None:
        async with hands.session.begin_nested():
            hands.session.add(Team(name="lost"))
            await hands.session.flush()
            hands.session.add(member(4, "1@example.org"))

    if not club.app.database.features.single_writer:
        await club.do(nest)
        assert await club.emails() == {number: f"{number}@example.org" for number in (1, 2, 3)}
        assert await club.rows("teams") == 1
    else:
        with pytest.raises(StatementError, match="SAVEPOINT"):
            await club.do(nest)
        assert await club.emails() == {1: "1@example.org"}


async def test_rows_can_be_locked(club: Club) -> None:
    """`SELECT ... FOR UPDATE` is no write, and other statements' failures do not let go of the lock."""
    await club.join(1)

    async def lock(hands: Hands) -> None:
        locked = (await hands.session.scalars(select(Member).with_for_update())).one()
        with pytest.raises(EmailTakenError):
            await hands.session.execute(insert(Member).values(id=UUID(int=5), email="1@example.org", version=1))
        other = asyncio.create_task(club.do(change))
        await asyncio.wait({other}, timeout=0.2)
        locked.email = "locked@example.org"
        await hands.tx.commit()
        assert not other.done()
        others.append(other)

    async def change(hands: Hands) -> str:
        found = (await hands.session.scalars(select(Member).with_for_update())).one()
        email, found.email = found.email, "other@example.org"
        await hands.tx.commit()
        return email

    others: list[asyncio.Task[str]] = []
    await club.do(lock)
    async with asyncio.timeout(SECONDS):
        assert await others[0] == "locked@example.org"
