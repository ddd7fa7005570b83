"""Optimistic versions: who changes what another has changed meanwhile is in conflict, and is run again."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select

from duolog.errors import ConflictError
from tests.integration.sqlalchemy.clubs import Club, Hands, Member


async def test_racing_changes_of_one_row_all_take_effect(club: Club) -> None:
    """The one retry loop runs the loser again, so that every change is made on the latest version."""
    member_id = await club.join(1)

    async def count(hands: Hands) -> None:
        found = await hands.session.get_one(Member, member_id)
        found.email = f"{int(found.email.split('@')[0]) + 1}@example.org"
        await hands.tx.commit()

    await asyncio.gather(*(club.do(count) for _ in range(12)))
    assert await club.emails() == {1: "13@example.org"}

    async def version(hands: Hands) -> int:
        return (await hands.session.get_one(Member, member_id)).version

    assert await club.do(version) == 13


@pytest.mark.parametrize("flushes", [False, True])
@pytest.mark.parametrize("deletes", [False, True])
async def test_a_stale_row_is_a_conflict_that_names_it(club: Club, *, deletes: bool, flushes: bool) -> None:
    """A row that another command has changed since it was read is neither changed nor deleted."""
    member_id = await club.join(1)
    conflicts: list[ConflictError] = []
    number = 0

    async def change(hands: Hands) -> None:
        nonlocal number
        number += 1
        found = await hands.session.get_one(Member, member_id)
        if number == 1:
            await asyncio.create_task(_change_it(club, member_id))
        if deletes:
            await hands.session.delete(found)
        else:
            found.email = "mine@example.org"
        if flushes:
            try:
                await hands.session.flush()
            except ConflictError as conflict:
                conflicts.append(conflict)
                raise
        await hands.tx.commit()

    await club.do(change)
    assert number == 2
    assert await club.emails() == ({} if deletes else {1: "mine@example.org"})
    for conflict in conflicts:
        assert conflict.key == f"members {member_id}"


async def test_a_row_that_another_deleted_is_a_conflict(club: Club) -> None:
    """Who changes a row that is gone is run again, and then finds out."""
    member_id = await club.join(1)
    number = 0

    async def change(hands: Hands) -> str:
        nonlocal number
        number += 1
        found = await hands.session.get(Member, member_id)
        if found is None:
            return "gone"
        await asyncio.create_task(_delete_it(club, member_id))
        found.email = "mine@example.org"
        await hands.tx.commit()
        return "changed"

    assert await club.do(change) == "gone"
    assert number == 2
    assert await club.emails() == {}


async def _change_it(club: Club, member_id: UUID) -> None:
    async def change(hands: Hands) -> None:
        (await hands.session.get_one(Member, member_id)).email = "theirs@example.org"
        await hands.tx.commit()

    await club.do(change)


async def _delete_it(club: Club, member_id: UUID) -> None:
    async def delete(hands: Hands) -> None:
        await hands.session.delete((await hands.session.scalars(select(Member).filter_by(id=member_id))).one())
        await hands.tx.commit()

    await club.do(delete)
