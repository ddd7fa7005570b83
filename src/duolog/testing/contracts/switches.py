"""The contract of switching views: all tables of a generation at once, back again, and never back in time."""

from dataclasses import replace
from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.errors import CheckpointConflictError, GenerationGoneError, SwitchRefusedError, ViewBehindError
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.share import Buckets, Share

NAME: Final = "contract_clubs"
VIEW: Final = View(
    NAME,
    1,
    {
        NAME: f"CREATE TABLE {NAME} (id TEXT PRIMARY KEY, note TEXT NOT NULL)",
        "contract_joins": f"""
            CREATE TABLE contract_joins (club TEXT NOT NULL REFERENCES {NAME} (id), who TEXT NOT NULL);
            CREATE INDEX contract_joins_who ON contract_joins (who);
        """,
    },
    indexes={"contract_clubs_note": f"CREATE INDEX contract_clubs_note ON {NAME} (note)"},
    dependants={"contract_report": f"CREATE VIEW contract_report AS SELECT count(*) AS clubs FROM {NAME}"},  # noqa: S608 - a constant
)
NEXT: Final = replace(VIEW, version=2)


async def _write(database: Database, generation: Generation, club: str, old: int, new: int) -> None:
    share = Share(NAME, generation.number)
    lease = await database.leases.acquire(share, "writer", seconds=3_600)
    assert lease is not None
    session = database.open_view(VIEW, share, generation.role)
    try:
        await session.execute(f"INSERT INTO {NAME} (id, note) VALUES (:id, '')", {"id": club})  # noqa: S608 - a constant
        await session.execute("INSERT INTO contract_joins (club, who) VALUES (:id, 'ada')", {"id": club})
        await session.commit(CheckpointMove(share, generation.version, lease.token, old, new))
    finally:
        await session.close()


async def _seen(database: Database) -> tuple[list[str], list[str], int]:
    """Return what queries see of the view's tables, and of what depends on it."""
    reader = database.open_reader()
    try:
        clubs = await reader.fetch(f"SELECT id FROM {NAME} ORDER BY id")  # noqa: S608 - a constant
        joins = await reader.fetch("SELECT club FROM contract_joins ORDER BY club")
        report = await reader.fetch_value("SELECT clubs FROM contract_report")
        return [row["id"] for row in clubs], [row["club"] for row in joins], report
    finally:
        await reader.close()


async def _roles(database: Database) -> dict[int, Role]:
    return {each.number: each.role for each in await database.generations.read(NAME)}


class SwitchContract:
    """Every backend switches views in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture
    async def shadow(self, database: Database) -> Generation:
        """A shadow at position 9 with a row, beside a live view at 7 with another one."""
        await database.prepare_view(VIEW)
        (live,) = await database.generations.read(NAME)
        await _write(database, live, "live", 0, 7)
        shadow = await database.create_shadow(NEXT)
        await _write(database, shadow, "shadow", 0, 9)
        return shadow

    async def test_queries_read_the_other_generation_at_once(self, database: Database, shadow: Generation) -> None:
        """All tables are exchanged, what depends on them too, and positions are the new ones."""
        assert await _seen(database) == (["live"], ["live"], 1)
        await database.finish_load(NEXT, shadow.number)
        switched = await database.switch_view(NEXT, shadow.number)
        assert (switched.number, switched.version, switched.role) == (2, 2, Role.LIVE)
        assert switched.since >= shadow.since
        assert await _seen(database) == (["shadow"], ["shadow"], 1)
        assert await _roles(database) == {1: Role.PREVIOUS, 2: Role.LIVE}
        assert [(each.version, each.position) for each in await database.checkpoints.read(NAME)] == [(2, 9)]

    async def test_a_switch_to_what_is_live_changes_nothing(self, database: Database, shadow: Generation) -> None:
        """Whoever comes second finds it done."""
        switched = await database.switch_view(NEXT, shadow.number)
        assert await database.switch_view(NEXT, shadow.number) == switched

    async def test_former_owners_are_fenced_off(self, database: Database, shadow: Generation) -> None:
        """A batch that was begun before a switch does not get into the other generation's tables."""
        (live, _) = await database.generations.read(NAME)
        begun: list[tuple[ViewSession, CheckpointMove]] = []
        for generation, position in ((live, 7), (shadow, 9)):
            share = Share(NAME, generation.number)
            lease = await database.leases.acquire(share, "writer", seconds=3_600)
            assert lease is not None
            session = database.open_view(VIEW, share, generation.role)
            await session.execute(f"INSERT INTO {NAME} (id, note) VALUES ('late', '')")  # noqa: S608 - a constant
            begun.append((session, CheckpointMove(share, generation.version, lease.token, position, 11)))
        await database.switch_view(NEXT, shadow.number)
        for session, move in begun:
            with pytest.raises(CheckpointConflictError):
                await session.commit(move)
            await session.close()
        assert await _seen(database) == (["shadow"], ["shadow"], 1)

    async def test_both_generations_go_on(self, database: Database, shadow: Generation) -> None:
        """Each gets what is written for it, and the way back finds the previous one where it is by then."""
        await database.finish_load(NEXT, shadow.number)
        switched = await database.switch_view(NEXT, shadow.number)
        (previous, _) = await database.generations.read(NAME)
        await _write(database, previous, "kept", 7, 12)
        await _write(database, switched, "new", 9, 12)
        assert await _seen(database) == (["new", "shadow"], ["new", "shadow"], 2)
        back = await database.switch_view(VIEW, previous.number)
        assert (back.number, back.role) == (1, Role.LIVE)
        assert await _seen(database) == (["kept", "live"], ["kept", "live"], 2)
        assert await _roles(database) == {1: Role.LIVE, 2: Role.PREVIOUS}
        await _write(database, back, "again", 12, 13)
        assert (await _seen(database))[0] == ["again", "kept", "live"]

    async def test_queries_do_not_go_back_in_time(self, database: Database, shadow: Generation) -> None:
        """A generation that is behind is refused, with both positions, unless that is accepted."""
        (live, _) = await database.generations.read(NAME)
        await _write(database, live, "later", 7, 20)
        with pytest.raises(ViewBehindError) as caught:
            await database.switch_view(NEXT, shadow.number)
        assert (caught.value.position, caught.value.live) == (9, 20)
        assert await _seen(database) == (["later", "live"], ["later", "live"], 2)
        await database.switch_view(NEXT, shadow.number, accept_behind=True)
        assert await _seen(database) == (["shadow"], ["shadow"], 1)

    async def test_shares_are_compared_where_they_hold_the_same_buckets(self, database: Database) -> None:
        """A generation that is divided in another way is behind where one of its shares is."""
        await database.prepare_view(VIEW)
        (live,) = await database.generations.read(NAME)
        await _write(database, live, "live", 0, 7)
        shadow = await database.create_shadow(replace(NEXT, partitions=2))
        for buckets, position in zip(Buckets.parts(2), (7, 6), strict=True):
            share = Share(NAME, shadow.number, buckets)
            session = database.open_view(NEXT, share, Role.SHADOW)
            await session.commit(CheckpointMove(share, 2, 0, 0, position))
            await session.close()
        with pytest.raises(ViewBehindError):
            await database.switch_view(NEXT, shadow.number)

    async def test_a_missing_generation_is_told(self, database: Database, shadow: Generation) -> None:
        """Neither a number that never was, nor a view that never ran."""
        for view, number in ((NEXT, 3), (View("other_view", 1, {}), 1)):
            with pytest.raises(GenerationGoneError):
                await database.switch_view(view, number)
            with pytest.raises(GenerationGoneError):
                await database.finish_load(view, number)
        assert await _roles(database) == {1: Role.LIVE, shadow.number: Role.SHADOW}

    async def test_a_reference_from_outside_refuses(self, database: Database, shadow: Generation) -> None:
        """A foreign key of another table would follow the rows that go."""
        await database.create_tables(
            {"outside": f"CREATE TABLE outside (club TEXT REFERENCES {NAME} (id))"},
        )
        with pytest.raises(SwitchRefusedError) as caught:
            await database.switch_view(NEXT, shadow.number)
        assert "outside" in caught.value.message
        assert await _seen(database) == (["live"], ["live"], 1)

    async def test_a_loaded_generation_gets_its_indexes_once(self, database: Database, shadow: Generation) -> None:
        """Finishing it again changes nothing; after the switch a further one can be built and finished."""
        for _ in range(2):
            await database.finish_load(NEXT, shadow.number)
        await database.switch_view(NEXT, shadow.number)
        further = await database.create_shadow(NEXT)
        assert further.number == 3
        await database.finish_load(NEXT, further.number)
        await _write(database, further, "third", 0, 30)
        await database.switch_view(NEXT, further.number)
        assert await _seen(database) == (["third"], ["third"], 1)
        await database.drop_generation(NAME, 1)
        await database.drop_generation(NAME, 2)
        assert await _roles(database) == {3: Role.LIVE}
        assert await _seen(database) == (["third"], ["third"], 1)

    async def test_a_previous_generation_has_its_time(self, database: Database, shadow: Generation) -> None:
        """It is over some time after the switch; never that of a live one, a shadow, or one that was gone back from."""
        assert await database.generations.outlived(NAME, seconds=0) == []
        await database.switch_view(NEXT, shadow.number)
        assert await database.generations.outlived(NAME, seconds=3_600) == []
        assert [each.number for each in await database.generations.outlived(NAME, seconds=0)] == [1]
        await database.switch_view(VIEW, 1, accept_behind=True)
        assert await database.generations.outlived(NAME, seconds=0) == []
