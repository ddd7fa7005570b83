"""The contract of inline projections: their views are written in the transaction that appends the events."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from duolog.application.declared_views import DeclaredViews
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.database.port import Database, View
from duolog.errors import (
    ConflictError,
    ConstraintViolationError,
    InlineProjectionError,
    InlineViewChangedError,
    InlineViewNotBuiltError,
    WrongExpectedVersionError,
)
from duolog.eventstore.expectations import ANY_VERSION, NO_STREAM, Exactly, ExpectedVersion
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventStore
from duolog.ids import uuid7
from duolog.messages.event import event
from duolog.projections.inline_building import InlineBuilding
from duolog.projections.inline_views import ALWAYS_CURRENT, InlineViews
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.subscriptions.generations import Role
from duolog.tables.statements import Statement
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.testing.contracts.samples import SECONDS, outcomes, stays_pending
from duolog.write.inline_work import InlineEventStore
from duolog.write.unit_of_work import UnitOfWork


@event("contract.person_named")
@dataclass(frozen=True, slots=True)
class PersonNamed:
    """What the contract's view shows."""

    id: str
    name: str


@event("contract.person_seen")
@dataclass(frozen=True, slots=True)
class PersonSeen:
    """What it does not show."""

    id: str


class ContractNames(Projection):
    """Names of people, each unique, and how often each was given one; read and written in two steps."""

    name, version, inline = "contract_names", 1, True
    tables = {  # noqa: RUF012 - a projection's declaration
        "contract_names": "CREATE TABLE contract_names (id TEXT PRIMARY KEY, name TEXT UNIQUE, given INTEGER NOT NULL)"
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_named(self, event: PersonNamed) -> None:
        """Show the name; nobody is called Nobody."""
        if event.name == "Nobody":
            message = "that is no name"
            raise ValueError(message)
        values = {"id": event.id, "name": event.name}
        given = await self._db.fetch_value("SELECT given FROM contract_names WHERE id = :id", {"id": event.id})
        await asyncio.sleep(0)
        if given is None:
            await self._db.execute("INSERT INTO contract_names (id, name, given) VALUES (:id, :name, 1)", values)
        else:
            values["given"] = given + 1
            await self._db.execute("UPDATE contract_names SET name = :name, given = :given WHERE id = :id", values)


class ContractNamesAgain(ContractNames):
    """The next version."""

    name, version, inline = "contract_names", 2, True


@asynccontextmanager
async def _open(projection: type[Projection], db: ViewDatabase) -> AsyncGenerator[Projection]:
    yield cast("Callable[[ViewDatabase], Projection]", projection)(db)


class InlineHouse:
    """A database with the contract's inline projection.

    Args:
        database: the database.
        projection: the projection's class.
    """

    def __init__(self, database: Database, projection: type[Projection] = ContractNames) -> None:
        self._database = database
        self._projection = projection
        self.codec = EventCodec(EventTypes((PersonNamed, PersonSeen)), Tagger(b"a secret for tests only, 32 bytes"))
        self.views = InlineViews((projection,), self.codec, _open)
        self.store: EventStore = InlineEventStore(database.store, database.committer, self.views)
        self.building = InlineBuilding(self.views, DeclaredViews(database), database)

    def unit(self) -> UnitOfWork:
        """Open a unit of work."""
        database = self._database
        return UnitOfWork(store=database.store, committer=database.committer, codec=self.codec, inline=self.views)

    async def name(self, key: str, name: str, expected: ExpectedVersion = ANY_VERSION) -> int:
        """Give somebody a name, in a unit of its own, and return the position."""
        unit = self.unit()
        unit.stage(f"person-{key}", [PersonNamed(key, name)], expected)
        await unit.finish()
        return unit.outcome.position

    async def names(self) -> dict[str, tuple[str, int]]:
        """Return what the view shows."""
        reader = self._database.open_reader()
        try:
            rows = await reader.fetch("SELECT id, name, given FROM contract_names ORDER BY id")
            return {row["id"]: (row["name"], row["given"]) for row in rows}
        finally:
            await reader.close()


class InlineViewContract:
    """Every backend keeps inline views in this way. Supply a ``database`` fixture: an open, empty `Database`."""

    @pytest.fixture
    async def house(self, database: Database) -> InlineHouse:
        """A database with an empty inline view."""
        house = InlineHouse(database)
        await house.building.check()
        return house

    async def test_the_view_shows_an_event_as_soon_as_it_is_appended(self, house: InlineHouse) -> None:
        """When the unit is committed, the view shows its events, in order; other units are as ever."""
        unit = house.unit()
        unit.stage("person-1", [PersonNamed("1", "Ada"), PersonSeen("1"), PersonNamed("1", "Ada L")], NO_STREAM)
        await unit.publish("person-2", PersonNamed("2", "Bob"))
        await unit.finish()
        seen = house.unit()
        seen.stage("person-1", [PersonSeen("1")], Exactly(3))
        await seen.finish()
        assert await house.names() == {"1": ("Ada L", 2), "2": ("Bob", 1)}
        assert unit.outcome.versions == {"person-1": 3, "person-2": 1}

    async def test_what_the_view_refuses_is_not_appended(self, house: InlineHouse, database: Database) -> None:
        """A method that raises, or a broken constraint, fails the unit by an error that names the projection."""
        await house.name("1", "Ada")
        await database.create_tables(ACCOUNTS)
        for name, cause in (("Nobody", ValueError), ("Ada", ConstraintViolationError)):
            unit = house.unit()
            await unit.stage_statement(insertion("1"))
            unit.stage("person-2", [PersonSeen("2"), PersonNamed("2", name)])
            with pytest.raises(InlineProjectionError, match="'contract_names' failed") as caught:
                await unit.finish()
            assert isinstance(caught.value.__cause__, cause)
        assert await house.names() == {"1": ("Ada", 1)}
        assert await accounts(database.open_reader()) == {}
        assert not await database.store.read_stream("person-2")
        await house.name("2", "Bob")

    async def test_what_the_log_refuses_is_not_shown(self, house: InlineHouse) -> None:
        """A conflict takes the view back as well; and it is the conflict that is told, whatever the view said."""
        await house.name("1", "Ada")
        with pytest.raises(WrongExpectedVersionError):
            await house.name("1", "Eve", Exactly(7))
        with pytest.raises(WrongExpectedVersionError):
            await house.name("1", "Nobody", NO_STREAM)
        assert await house.names() == {"1": ("Ada", 1)}

    async def test_view_and_statements_share_the_transaction(self, house: InlineHouse, database: Database) -> None:
        """Rows, view and events of one unit are seen together; so they are where the unit holds the writer."""
        await database.create_tables(ACCOUNTS)
        for key, holds in (("1", False), ("2", True)):
            unit = house.unit()
            await unit.stage_statement(insertion(key))
            unit.stage(f"person-{key}", [PersonNamed(key, f"name {key}")])
            if holds:
                await unit.hold_writer(seconds=SECONDS)
                await unit.stage_statement(Statement("UPDATE contract_accounts SET version = 7 WHERE id = '2'"))
            await unit.finish()
        assert await accounts(database.open_reader()) == {"1": 1, "2": 7}
        assert await house.names() == {"1": ("name 1", 1), "2": ("name 2", 1)}

    async def test_units_of_one_stream_take_turns(self, house: InlineHouse) -> None:
        """Side by side, without any expectation: none is lost, although the view is read and written in two steps."""
        units = [house.name(str(number % 2), f"name {number}") for number in range(12)]
        async with asyncio.timeout(SECONDS):
            _, errors = await outcomes(units)
        assert errors == []
        assert {key: given for key, (_, given) in (await house.names()).items()} == {"0": 6, "1": 6}
        for key in ("0", "1"):
            last = (await house.store.read_stream(f"person-{key}", backward=True, limit=1))[0]
            assert house.codec.decode_all(last) == (PersonNamed(key, (await house.names())[key][0]),)

    async def test_the_same_events_again_are_shown_once(self, house: InlineHouse) -> None:
        """An append that is in the log already returns its first outcome, and changes nothing."""
        ids = [uuid7()]
        positions = set[int]()
        for _ in range(2):
            unit = house.unit()
            unit.stage("person-1", [PersonNamed("1", "Ada")], NO_STREAM, event_ids=ids)
            await unit.finish()
            positions.add(unit.outcome.position)
        assert len(positions) == 1
        assert await house.names() == {"1": ("Ada", 1)}

    async def test_appends_to_the_store_are_shown(self, house: InlineHouse) -> None:
        """Who appends to the application's event store, without a unit of work, writes the view as well."""
        appended = await house.store.append("person-1", [house.codec.encode(PersonNamed("1", "Ada"))], NO_STREAM)
        assert appended.versions == {"person-1": 1}
        with pytest.raises(InlineProjectionError):
            await house.store.append("person-2", [house.codec.encode(PersonNamed("2", "Nobody"))])
        assert await house.names() == {"1": ("Ada", 1)}
        assert await house.store.head() == appended.position

    async def test_its_checkpoint_is_never_behind(self, house: InlineHouse, database: Database) -> None:
        """The checkpoint stands above every position, and no unit touches it."""
        before = await database.checkpoints.read("contract_names")
        assert [each.position for each in before] == [ALWAYS_CURRENT]
        await house.name("1", "Ada")
        assert await database.checkpoints.read("contract_names") == before

    async def test_a_view_is_built_over_what_the_log_has(self, database: Database) -> None:
        """A log with events is refused until the view is built; then it shows them, and what comes after."""
        house = InlineHouse(database)
        for number in range(3):
            event = house.codec.encode(PersonNamed(str(number), f"name {number}"))
            await database.store.append(f"person-{number}", [event])
        with pytest.raises(InlineViewNotBuiltError, match="duolog projections build"):
            await house.building.check()
        await house.building.build(ContractNames)
        await house.building.check()
        await house.name("0", "Ada")
        assert await house.names() == {"0": ("Ada", 2), "1": ("name 1", 1), "2": ("name 2", 1)}

    async def test_another_version_is_built_anew(self, house: InlineHouse, database: Database) -> None:
        """A new version is refused until it is built; from then on processes of the former one are refused."""
        await house.name("1", "Ada")
        again = InlineHouse(database, ContractNamesAgain)
        with pytest.raises(InlineViewNotBuiltError):
            await again.building.check()
        await house.name("1", "Ada L")  # the former one goes on until then
        await again.building.build(ContractNamesAgain)
        await again.name("2", "Bob")
        with pytest.raises(InlineViewChangedError):
            await house.name("3", "Eve")
        assert await again.names() == {"1": ("Ada L", 2), "2": ("Bob", 1)}
        assert [each.role for each in await database.generations.read("contract_names")] == [Role.LIVE]

    async def test_who_appends_is_held_out_at_the_end_of_the_building(self, database: Database) -> None:
        """Between the last look at the log and the commit nobody can append, so that nothing is missed."""
        house = InlineHouse(database)
        event = house.codec.encode(PersonNamed("1", "Ada"))
        await database.store.append("person-1", [event])
        view = View("contract_names", 1, ContractNames.tables)
        await database.prepare_view(view)
        session = database.open_view(view)
        found = await session.hold_appends(0, EventFilter.of(types=["contract.person_named"]))
        assert [each.event_id for each in found] == [event.event_id]
        other = house.codec.encode(PersonSeen("1"))
        waiting = asyncio.create_task(database.store.append("person-1", [other]))
        assert await stays_pending(waiting)
        await session.close()
        async with asyncio.timeout(SECONDS):
            assert (await waiting).versions == {"person-1": 2}

    async def test_a_deadlock_is_a_conflict(self, house: InlineHouse) -> None:
        """Units that write views of the same streams in different orders end, at worst in a conflict."""
        async with asyncio.timeout(SECONDS):
            _, errors = await outcomes([_both(house, "1", "2"), _both(house, "2", "1")])
        assert all(isinstance(error, ConflictError) for error in errors)
        assert len(await house.names()) == 2


async def _both(house: InlineHouse, first: str, second: str) -> None:
    unit = house.unit()
    for key in (first, second):
        unit.stage(f"person-{key}", [PersonNamed(key, f"name {key}")])
    await unit.finish()
