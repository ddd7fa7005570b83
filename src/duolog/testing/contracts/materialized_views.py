"""The contract of materialized views: rows and position move together, by one owner, while others read."""

from dataclasses import replace
from typing import Any, Final

import pytest

from duolog.database.port import Database, View
from duolog.errors import CheckpointConflictError, ConstraintViolationError, LeaseLostError, StatementError
from duolog.projections.materialized_view import Contents
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share

SOURCE: Final = View(
    "contract_members", 1, {"contract_members": "CREATE TABLE contract_members (id TEXT PRIMARY KEY, club TEXT)"}
)
NAME: Final = "contract_sizes"
SELECT: Final = "SELECT club, count(*) AS members FROM contract_members GROUP BY club"


def materialized(select: str, *key: str, version: int = 1) -> View:
    """Return a materialized view as an application declares it."""
    empty = f"CREATE TABLE {NAME} AS SELECT * FROM ({select}) AS contents LIMIT 0"  # noqa: S608 - a constant
    return View(NAME, version, {NAME: empty}, contents=Contents(NAME, select, key, (("members",),)))


VIEW: Final = materialized(SELECT, "club")


async def leased(database: Database, share: Share, owner: str = "one", *, take_over: bool = False) -> Lease:
    """Take the lease on a share."""
    lease = await database.leases.acquire(share, owner, seconds=3_600.0, take_over=take_over)
    assert lease is not None
    return lease


async def refresh(
    database: Database, view: View, lease: Lease, moved: tuple[int, int], *, role: Role = Role.LIVE
) -> None:
    """Refresh a view as the owner of its share."""
    assert view.contents is not None
    session = database.open_view(view, lease.share, role)
    try:
        await session.refresh(view.contents)
        await session.commit(CheckpointMove(lease.share, view.version, lease.token, *moved))
    finally:
        await session.close()


async def add_members(database: Database, *members: tuple[str, str]) -> None:
    """Write rows of the table that the view reads, in its live generation."""
    generation = next(each for each in await database.generations.read(SOURCE.subscription) if each.role is Role.LIVE)
    await _write(database, generation, *members)


async def sizes(database: Database) -> dict[str, Any]:
    """Return what queries see of the view."""
    reader = database.open_reader()
    try:
        return {row["club"]: row["members"] for row in await reader.fetch(f"SELECT * FROM {NAME}")}  # noqa: S608 - a constant
    finally:
        await reader.close()


async def _write(database: Database, generation: Generation, *members: tuple[str, str]) -> None:
    share = Share(SOURCE.subscription, generation.number)
    lease = await leased(database, share, "writer", take_over=True)
    checkpoint = await database.checkpoints.read_share(share)
    assert checkpoint is not None
    session = database.open_view(replace(SOURCE, version=generation.version), share, generation.role)
    try:
        for member, club in members:
            sql = "INSERT INTO contract_members (id, club) VALUES (:id, :club)"
            await session.execute(sql, {"id": member, "club": club})
        old = checkpoint.position
        await session.commit(CheckpointMove(share, generation.version, lease.token, old, old + len(members)))
    finally:
        await session.close()


class MaterializedViewContract:
    """Every backend keeps materialized views so. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture
    async def lease(self, database: Database) -> Lease:
        """The right to refresh the view, which is there and empty."""
        await database.prepare_view(SOURCE)
        await database.prepare_view(VIEW)
        return await leased(database, Share(NAME))

    async def test_it_begins_empty_at_the_beginning(self, database: Database) -> None:
        """Whatever its sources have by then: making it takes no longer for that."""
        await database.prepare_view(SOURCE)
        await add_members(database, ("ada", "chess"))
        await database.prepare_view(VIEW)
        assert await sizes(database) == {}
        assert (await database.view_changes([NAME]))[NAME].position == 0

    async def test_rows_position_and_changes_move_together(self, database: Database, lease: Lease) -> None:
        """A refresh replaces all rows; what it is made of may have rows fewer, other and more."""
        await add_members(database, ("ada", "chess"), ("bob", "chess"), ("cid", "go"))
        before = (await database.view_changes([NAME]))[NAME].version
        await refresh(database, VIEW, lease, (0, 3))
        refreshed = (await database.view_changes([NAME]))[NAME]
        assert await sizes(database) == {"chess": 2, "go": 1}
        assert (before < refreshed.version, refreshed.position) == (True, 3)
        await add_members(database, ("dan", "go"))
        await refresh(database, VIEW, lease, (3, 4))
        assert await sizes(database) == {"chess": 2, "go": 2}

    async def test_nothing_shows_before_the_commit(self, database: Database, lease: Lease) -> None:
        """Rows that were read anew go with a session that is closed, and its position does, too."""
        await add_members(database, ("ada", "chess"))
        assert VIEW.contents is not None
        session = database.open_view(VIEW, lease.share)
        await session.refresh(VIEW.contents)
        await session.close()
        assert await sizes(database) == {}
        assert (await database.view_changes([NAME]))[NAME].position == 0

    async def test_a_former_owners_refresh_changes_nothing(self, database: Database, lease: Lease) -> None:
        """It neither writes rows nor moves the position, nor counts as a change."""
        await add_members(database, ("ada", "chess"))
        assert VIEW.contents is not None
        session = database.open_view(VIEW, lease.share)
        try:
            taken = await leased(database, lease.share, "two", take_over=True)
            await session.refresh(VIEW.contents)
            with pytest.raises((CheckpointConflictError, LeaseLostError)):
                await session.commit(CheckpointMove(lease.share, 1, lease.token, 0, 1))
        finally:
            await session.close()
        assert await sizes(database) == {}
        before = (await database.view_changes([NAME]))[NAME]
        await refresh(database, VIEW, taken, (0, 1))
        after = (await database.view_changes([NAME]))[NAME]
        assert (before.position, after.version[2] - before.version[2]) == (0, 1)

    async def test_two_rows_of_one_key_are_refused(self, database: Database) -> None:
        """A key that tells no rows apart is an error, and the rows stay as they were."""
        view = materialized("SELECT club, 1 AS members FROM contract_members", "club")
        await database.prepare_view(SOURCE)
        await database.prepare_view(view)
        lease = await leased(database, Share(NAME))
        await add_members(database, ("ada", "chess"))
        await refresh(database, view, lease, (0, 1))
        await add_members(database, ("bob", "chess"))
        with pytest.raises(ConstraintViolationError):
            await refresh(database, view, lease, (1, 2))
        assert await sizes(database) == {"chess": 1}

    async def test_a_wrong_select_is_refused(self, database: Database) -> None:
        """It is found when the view is made, and nothing is left of it."""
        await database.prepare_view(SOURCE)
        with pytest.raises(StatementError):
            await database.prepare_view(materialized("SELECT club, members FROM nowhere", "club"))
        assert not await database.generations.read(NAME)

    @pytest.mark.parametrize("place", ["key", "indexes"])
    async def test_a_column_that_the_select_does_not_give_is_refused(self, database: Database, place: str) -> None:
        """A key or an index of such a column is found when the view is made, and named beside what there is."""
        await database.prepare_view(SOURCE)
        key, indexes = (("member",), ()) if place == "key" else (("club",), (("club", "member"),))
        view = replace(VIEW, contents=Contents(NAME, SELECT, key, indexes))
        with pytest.raises(StatementError, match="gives no column 'member'") as refused:
            await database.prepare_view(view)
        assert f"`{place}` names" in refused.value.hint
        assert refused.value.hint.endswith("the select gives club, members.")
        assert not await database.generations.read(NAME)
        await database.prepare_view(VIEW)
        with pytest.raises(StatementError, match="gives no column 'member'"):
            await database.create_shadow(replace(view, version=2))
        assert [each.number for each in await database.generations.read(NAME)] == [1]

    async def test_it_follows_a_source_that_was_built_anew(self, database: Database, lease: Lease) -> None:
        """A switch of what it reads is not held up by it; the next refresh reads what has the name then."""
        await add_members(database, ("ada", "chess"))
        await refresh(database, VIEW, lease, (0, 1))
        rebuilt = replace(SOURCE, version=2)
        shadow = await database.create_shadow(rebuilt)
        await _write(database, shadow, ("ada", "draughts"), ("bob", "draughts"))
        await database.switch_view(rebuilt, shadow.number)
        assert await sizes(database) == {"chess": 1}
        await refresh(database, VIEW, lease, (1, 2))
        assert await sizes(database) == {"draughts": 2}

    async def test_another_version_is_built_beside_it(self, database: Database, lease: Lease) -> None:
        """It has rows of its own until it takes the place of the other one, which can go on, and come back."""
        await add_members(database, ("ada", "chess"), ("bob", "chess"))
        await refresh(database, VIEW, lease, (0, 2))
        doubled = materialized("SELECT club, 2 * count(*) AS members FROM contract_members GROUP BY club", "club")
        doubled = replace(doubled, version=2)
        shadow = await database.create_shadow(doubled)
        building = await leased(database, Share(NAME, shadow.number))
        await refresh(database, doubled, building, (0, 2), role=Role.SHADOW)
        assert await sizes(database) == {"chess": 2}
        await database.finish_load(doubled, shadow.number)
        await database.switch_view(doubled, shadow.number)
        assert await sizes(database) == {"chess": 4}
        await add_members(database, ("cid", "chess"))
        await refresh(database, doubled, await leased(database, building.share), (2, 3))
        await refresh(database, VIEW, await leased(database, lease.share), (2, 3), role=Role.PREVIOUS)
        assert await sizes(database) == {"chess": 6}
        await database.switch_view(VIEW, 1)
        assert await sizes(database) == {"chess": 3}
        await database.drop_generation(NAME, shadow.number)
        await refresh(database, VIEW, await leased(database, lease.share), (3, 3))
        assert await sizes(database) == {"chess": 3}

    async def test_one_that_is_forgotten_can_be_made_again(self, database: Database, lease: Lease) -> None:
        """Its rows are dropped when they are named, and another select may take the name."""
        await add_members(database, ("ada", "chess"))
        await refresh(database, VIEW, lease, (0, 1))
        await database.forget_view(NAME, leases=[lease], tables=[NAME])
        other = materialized("SELECT club, 'many' AS members FROM contract_members GROUP BY club", "club")
        await database.prepare_view(other)
        await refresh(database, other, await leased(database, lease.share), (0, 1))
        assert await sizes(database) == {"chess": "many"}
