"""The contract of generations: a view exists beside itself, written by the same statements, seen by no query."""

from dataclasses import replace
from typing import Final

import pytest

from duolog.database.port import Database, View
from duolog.errors import CheckpointConflictError, ConfigurationError, DuologError, StatementError
from duolog.projections.view_database import ViewSession
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Generation, Role
from duolog.subscriptions.parking import ParkedEvent, ParkReason
from duolog.subscriptions.share import ALL_BUCKETS, Share

NAME: Final = "contract_clubs"
TABLES: Final = {
    NAME: f"""
        CREATE TABLE {NAME} (id TEXT PRIMARY KEY, note TEXT NOT NULL);
        CREATE INDEX {NAME}_note ON {NAME} (note);
    """,
    "contract_joins": f"""
        CREATE TABLE contract_joins (club TEXT NOT NULL REFERENCES {NAME} (id), who TEXT NOT NULL, UNIQUE (club, who))
    """,
}
VIEW: Final = View(NAME, 1, TABLES)
NEXT: Final = replace(VIEW, version=2)


def _share(generation: Generation) -> Share:
    return Share(NAME, generation.number)


def _session(database: Database, generation: Generation) -> ViewSession:
    return database.open_view(NEXT, _share(generation), generation.role)


def _move(generation: Generation, old: int, new: int) -> CheckpointMove:
    return CheckpointMove(_share(generation), generation.version, 0, old, new)


async def _seen(database: Database) -> list[str]:
    reader = database.open_reader()
    try:
        return [row["id"] for row in await reader.fetch(f"SELECT id FROM {NAME} ORDER BY id")]  # noqa: S608 - a constant
    finally:
        await reader.close()


class GenerationContract:
    """Every backend doubles views in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture
    async def shadow(self, database: Database) -> Generation:
        """A shadow of a view that has a row."""
        await database.prepare_view(VIEW)
        session = database.open_view(VIEW)
        await session.execute(f"INSERT INTO {NAME} (id, note) VALUES ('live', '')")  # noqa: S608 - a constant
        await session.commit(CheckpointMove(Share(NAME), 1, 0, 0, 7))
        await session.close()
        return await database.create_shadow(NEXT)

    async def test_a_view_has_a_first_generation(self, database: Database) -> None:
        """Preparing it makes it, live."""
        assert await database.generations.read(NAME) == []
        await database.prepare_view(VIEW)
        (generation,) = await database.generations.read(NAME)
        assert (generation.subscription, generation.number, generation.version) == (NAME, 1, 1)
        assert (generation.role, generation.tables) == (Role.LIVE, tuple(TABLES))
        assert generation.since > 1_577_836_800_000_000

    async def test_a_shadow_begins_beside_the_live_view(self, database: Database, shadow: Generation) -> None:
        """It has a number of its own and a checkpoint at the beginning; the live one's goes on."""
        assert (shadow.number, shadow.version, shadow.role) == (2, 2, Role.SHADOW)
        assert [each.number for each in await database.generations.read_all()] == [1, 2]
        assert [each.position for each in await database.checkpoints.read(NAME)] == [7]
        assert [(each.share.generation, each.position) for each in await database.checkpoints.read_all()] == [
            (1, 7),
            (2, 0),
        ]
        assert await _seen(database) == ["live"]

    async def test_there_is_one_shadow_of_a_version(self, database: Database, shadow: Generation) -> None:
        """Asked for again it is the same; without a live view there is none."""
        assert await database.create_shadow(NEXT) == shadow
        with pytest.raises(ConfigurationError):
            await database.create_shadow(View("other_view", 1, {}))

    async def test_statements_reach_the_shadows_tables(self, database: Database, shadow: Generation) -> None:
        """Writing, fetching, joins and conflicts work in it as ever; nothing of it shows in the live view."""
        session = _session(database, shadow)
        assert await session.fetch(f"SELECT id FROM {NAME}") == []  # noqa: S608 - a constant
        for club in ("a", "b"):
            await session.execute(
                f"INSERT INTO {NAME} (id, note) VALUES (:id, '{NAME} -- {NAME}') "  # noqa: S608 - a constant
                f"ON CONFLICT (id) DO UPDATE SET note = excluded.note WHERE {NAME}.id <> ''",
                {"id": club},
            )
            await session.execute("INSERT INTO contract_joins (club, who) VALUES (:id, 'ada')", {"id": club})
        assert await session.execute_now(f'UPDATE "{NAME}" SET note = note WHERE id = :id', {"id": "a"}) == 1  # noqa: S608 - a constant
        rows = await session.fetch(
            f"SELECT c.id, c.note, (SELECT count(*) FROM {NAME}, contract_joins) AS pairs "  # noqa: S608 - a constant
            f"FROM {NAME} AS c JOIN contract_joins ON contract_joins.club = c.id ORDER BY c.id"
        )
        note = f"{NAME} -- {NAME}"
        assert [dict(row) for row in rows] == [{"id": each, "note": note, "pairs": 4} for each in ("a", "b")]
        await session.execute(f"DELETE FROM contract_joins WHERE club IN (SELECT id FROM {NAME} WHERE id = 'b')")  # noqa: S608 - a constant
        await session.commit(_move(shadow, 0, 9))
        await session.close()
        assert await _seen(database) == ["live"]
        checking = _session(database, shadow)
        assert await checking.fetch_value("SELECT count(*) FROM contract_joins") == 1
        await checking.close()
        live = database.open_view(VIEW)
        assert await live.fetch_value("SELECT count(*) FROM contract_joins") == 0
        await live.close()

    async def test_constraints_hold_in_the_shadow(self, database: Database, shadow: Generation) -> None:
        """Its tables have the keys and references that are declared, among themselves."""
        session = _session(database, shadow)
        await session.execute("INSERT INTO contract_joins (club, who) VALUES ('live', 'ada')")
        with pytest.raises(DuologError):
            await session.commit(_move(shadow, 0, 9))
        await session.close()

    async def test_what_a_shadow_parks_is_its_own(self, database: Database, shadow: Generation) -> None:
        """The live view lacks nothing because of it."""
        session = _session(database, shadow)
        parked = ParkedEvent(NAME, "", "club-1", 3, "t", ParkReason.UNDECODABLE, generation=shadow.number)
        await session.commit(_move(shadow, 0, 9), [parked])
        await session.close()
        assert await database.parking.counts() == {}
        assert not await database.parking.is_parked(NAME, range(1, 9))
        assert await database.parking.keys(Share(NAME)) == frozenset()
        assert await database.parking.keys(_share(shadow)) == {("", "club-1")}
        assert [each.generation for each in await database.parking.read(NAME)] == [2]
        assert not await database.parking.read(NAME, generation=1)

    async def test_a_dropped_generation_leaves_nothing(self, database: Database, shadow: Generation) -> None:
        """Its owner's next commit fails, and a later generation gets another number and empty tables."""
        lease = await database.leases.acquire(_share(shadow), "one", seconds=3_600)
        assert lease is not None
        session = _session(database, shadow)
        await session.execute(f"INSERT INTO {NAME} (id, note) VALUES ('a', '')")  # noqa: S608 - a constant
        await session.commit(replace(_move(shadow, 0, 9), token=lease.token))
        await session.close()
        await database.drop_generation(NAME, shadow.number)
        await database.drop_generation(NAME, shadow.number)
        session = _session(database, shadow)
        with pytest.raises((CheckpointConflictError, StatementError)):
            await session.commit(replace(_move(shadow, 9, 10), token=lease.token))
        await session.close()
        assert [each.number for each in await database.generations.read(NAME)] == [1]
        later = await database.create_shadow(NEXT)
        assert later.number == 3
        session = _session(database, later)
        assert await session.fetch(f"SELECT id FROM {NAME}") == []  # noqa: S608 - a constant
        await session.close()
        assert await _seen(database) == ["live"]

    async def test_the_live_generation_is_not_dropped(self, database: Database, shadow: Generation) -> None:
        """Queries never lose their tables by it."""
        with pytest.raises(ConfigurationError):
            await database.drop_generation(NAME, 1)
        assert await _seen(database) == ["live"]
        assert [each.number for each in await database.generations.read(NAME)] == [1, shadow.number]

    async def test_a_wrong_shadow_leaves_nothing(self, database: Database) -> None:
        """DDL that is wrong makes neither tables nor a generation."""
        await database.prepare_view(VIEW)
        wrong = replace(NEXT, tables={NAME: f"CREATE TABLE {NAME} (id TEXT,, note TEXT)"})
        with pytest.raises(StatementError):
            await database.create_shadow(wrong)
        assert [each.number for each in await database.generations.read(NAME)] == [1]
        assert (await database.create_shadow(NEXT)).role is Role.SHADOW

    async def test_forgetting_a_view_takes_all_generations(self, database: Database, shadow: Generation) -> None:
        """Shadows go with their tables, without being named."""
        await database.forget_view(NAME, tables=[NAME, "contract_joins"])
        assert await database.generations.read_all() == []
        assert await database.checkpoints.read_all() == []
        await database.prepare_view(VIEW)
        assert (await database.create_shadow(NEXT)).number == shadow.number
        assert [each.share.buckets for each in await database.checkpoints.read_all()] == [ALL_BUCKETS, ALL_BUCKETS]

    async def test_tables_of_a_shadow_are_no_application_tables(self, database: Database, shadow: Generation) -> None:
        """A log that moves takes live generations along; others are built anew where it goes."""
        assert set(await database.transfer.other_tables()) == set(TABLES)
        found = [each async for page in database.transfer.remembered() for each in page]
        assert shadow not in found
        assert len(found) == 2
