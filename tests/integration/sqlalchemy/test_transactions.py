"""A command's session is part of its unit of work: entities, events and key are one transaction."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from duolog import Application
from duolog.adapters.sqlalchemy import SqlAlchemyTransactionManager
from duolog.errors import (
    ConstraintViolationError,
    StatementError,
    UncommittedWorkError,
    UnitOfWorkError,
    WorkAfterCommitError,
)
from tests.integration.sqlalchemy.clubs import SECONDS, Club, DoInteractor, EmailTakenError, Hands, Member, Noted


def member(number: int, email: str = "") -> Member:
    return Member(id=UUID(int=number), email=email or f"{number}@example.org")


async def test_row_and_event_are_committed_together(club: Club) -> None:
    """What was added before the commit, and what was published after it, are there together."""
    member_id = await club.join(1)
    assert await club.emails() == {1: "1@example.org"}
    assert await club.notes() == [f"club_notes-{member_id.hex}"]


async def test_the_idempotency_key_is_in_the_same_transaction(club: Club) -> None:
    """A repeated command is answered with the first outcome; the key of one that failed is free again."""
    await club.join(1, key="first")
    await club.join(1, key="first")
    with pytest.raises(EmailTakenError):
        await club.join(2, "1@example.org", key="second")
    await club.join(2, key="second2")
    assert await club.emails() == {1: "1@example.org", 2: "2@example.org"}
    assert len(await club.notes()) == 2


async def test_an_error_after_the_commit_takes_everything_back(club: Club) -> None:
    """`commit()` seals; what is raised after it leaves neither row nor event."""

    async def fail(hands: Hands) -> None:
        hands.session.add(member(1))
        await hands.tx.commit()
        await hands.events.publish(Noted("x"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await club.do(fail)
    assert await club.emails() == {}
    assert await club.notes() == []


@pytest.mark.parametrize("flushes", [False, True])
async def test_changes_without_a_commit_are_an_error(club: Club, *, flushes: bool) -> None:
    """A handler that took the transaction manager and forgot to commit loses its changes, and hears of it."""

    async def forget(hands: Hands) -> None:
        hands.session.add(member(1))
        if flushes:
            await hands.session.flush()

    with pytest.raises(UncommittedWorkError):
        await club.do(forget)
    assert await club.emails() == {}


async def test_a_handler_that_only_read_needs_no_commit(club: Club) -> None:
    """Reading through the session, also of entities, is no work."""
    await club.join(1)

    async def read(hands: Hands) -> list[str]:
        return [each.email for each in await hands.session.scalars(select(Member))]

    assert await club.do(read) == ["1@example.org"]


async def test_nothing_is_changed_after_the_commit(club: Club) -> None:
    """An entity that is added or changed, and a statement that writes, are refused after the seal."""
    await club.join(1)

    async def add(hands: Hands) -> None:
        await hands.session.scalars(select(Member))
        await hands.tx.commit()
        hands.session.add(member(2))

    async def change(hands: Hands) -> None:
        found = await hands.session.get_one(Member, UUID(int=1))
        await hands.tx.commit()
        found.email = "changed@example.org"

    async def write(hands: Hands) -> None:
        await hands.session.scalars(select(Member))
        await hands.tx.commit()
        await hands.session.execute(update(Member).values(email="changed@example.org"))

    async def flush(hands: Hands) -> None:
        hands.session.add(member(2))
        await hands.tx.commit()
        await hands.session.flush()

    for work in (add, change, write, flush):
        with pytest.raises(WorkAfterCommitError):
            await club.do(work)
    assert await club.emails() == {1: "1@example.org"}


async def test_reading_is_allowed_after_the_commit(club: Club) -> None:
    """What publishes after the seal may look something up first."""

    async def read(hands: Hands) -> int:
        hands.session.add(member(1))
        await hands.tx.commit()
        return len((await hands.session.scalars(select(Member))).all())

    assert await club.do(read) == 0
    assert await club.emails() == {1: "1@example.org"}


async def test_the_sessions_own_commit_seals_too(club: Club) -> None:
    """A transaction manager of the application's own that calls `session.commit()` works as it is."""

    async def commit(hands: Hands) -> None:
        hands.session.add(member(1))
        await hands.session.commit()
        await hands.events.publish(Noted("x"))

    await club.do(commit)
    assert (await club.emails(), await club.notes()) == ({1: "1@example.org"}, ["club_notes-x"])


async def test_a_rolled_back_unit_cannot_be_written(club: Club) -> None:
    """`rollback()` drops the session's changes; the scope's transaction is over."""

    async def roll_back(hands: Hands) -> None:
        hands.session.add(member(1))
        await hands.tx.rollback()
        assert not hands.session.new
        hands.session.add(member(2))
        await hands.session.flush()

    with pytest.raises(UnitOfWorkError):
        await club.do(roll_back)
    assert await club.emails() == {}


async def test_the_transaction_belongs_to_the_scope(club: Club) -> None:
    """A handler can neither begin a transaction of its own nor end this one with SQL."""

    async def begin(hands: Hands) -> None:
        async with hands.session.begin():
            pass

    async def end(hands: Hands) -> None:
        hands.session.add(member(1))
        await hands.session.flush()
        await hands.session.execute(text("COMMIT"))

    with pytest.raises(UnitOfWorkError):
        await club.do(begin)
    with pytest.raises(StatementError):
        await club.do(end)
    assert await club.emails() == {}


@pytest.mark.parametrize("flushes", [False, True])
async def test_a_broken_constraint_is_the_domains_error(club: Club, *, flushes: bool) -> None:
    """The error that is declared for a constraint is raised by a flush, or by the command for its last one."""
    await club.join(1)

    async def join(hands: Hands) -> None:
        hands.session.add(member(2, "1@example.org"))
        if flushes:
            await hands.session.flush()
        await hands.tx.commit()

    with pytest.raises(EmailTakenError):
        await club.do(join)
    assert await club.emails() == {1: "1@example.org"}


@pytest.mark.parametrize("flushes", [False, True])
async def test_an_undeclared_violation_is_duologs(club: Club, *, flushes: bool) -> None:
    """Without a declared error it is a `ConstraintViolationError`, which shows no value; SQLAlchemy's never leaks."""

    async def join(hands: Hands) -> None:
        hands.session.add(member(2, "secret"))
        if flushes:
            await hands.session.flush()
        await hands.tx.commit()

    with pytest.raises(ConstraintViolationError) as caught:
        await club.do(join)
    assert caught.value.constraint == "members_email_is_one"
    assert "secret" not in str(caught.value)


async def test_a_failed_flush_cannot_be_passed_over(club: Club) -> None:
    """A handler that swallows the error of a flush cannot commit what is left."""
    await club.join(1)

    async def swallow(hands: Hands) -> None:
        hands.session.add(member(2))
        await hands.session.flush()
        hands.session.add(member(3, "1@example.org"))
        try:
            await hands.session.flush()
        except EmailTakenError:
            await hands.events.publish(Noted("swallowed"))
        await hands.tx.commit()

    with pytest.raises(UnitOfWorkError):
        await club.do(swallow)
    assert await club.emails() == {1: "1@example.org"}
    assert len(await club.notes()) == 1


async def test_duologs_own_sql_is_in_the_same_transaction(club: Club) -> None:
    """A `WriteDatabase` and the session of one command write together, or not at all."""

    async def both(hands: Hands) -> None:
        hands.session.add(member(1))
        await hands.db.execute(
            "INSERT INTO members (id, email, version) VALUES (:id, :email, 1)",
            {"id": UUID(int=2), "email": "2@example.org"},
        )
        await hands.tx.commit()

    async def clash(hands: Hands) -> None:
        hands.session.add(member(4))
        await hands.db.execute(
            "INSERT INTO members (id, email, version) VALUES (:id, :email, 1)",
            {"id": UUID(int=3), "email": "1@example.org"},
        )
        await hands.tx.commit()

    await club.do(both)
    with pytest.raises(ConstraintViolationError):
        await club.do(clash)
    assert await club.emails() == {1: "1@example.org", 2: "2@example.org"}


async def test_nobody_holds_the_writer_while_a_handler_awaits(club: Club) -> None:
    """A command that has read and changed entities, and now waits, lets others commit."""
    await club.join(1)
    changed, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(hands: Hands) -> None:
        found = await hands.session.get_one(Member, UUID(int=1))
        found.email = "slow@example.org"
        hands.session.add(member(2))
        changed.set()
        await go_on.wait()
        await hands.tx.commit()

    slow = asyncio.create_task(club.do(slowly))
    async with asyncio.timeout(SECONDS):
        await changed.wait()
        await club.join(3)
        go_on.set()
        await slow
    assert await club.emails() == {1: "slow@example.org", 2: "2@example.org", 3: "3@example.org"}


async def test_an_interactor_outside_the_pipeline_commits_at_once(club: Club) -> None:
    """In a scope of the container alone, `commit()` performs the real one; what is left is rolled back."""
    app: Application = club.app
    async with app.container() as scope:
        hands = (await scope.get(DoInteractor)).hands
        assert isinstance(hands.tx, SqlAlchemyTransactionManager)
        hands.session.add(member(1))
        await hands.tx.commit()
        assert await club.emails() == {1: "1@example.org"}
    async with app.container() as scope:
        hands = (await scope.get(DoInteractor)).hands
        hands.session.add(member(2))
    assert await club.emails() == {1: "1@example.org"}
