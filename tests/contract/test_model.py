import asyncio
import itertools
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from duolog.database.port import Database
from duolog.errors import ConflictError, ConstraintViolationError, EventIdReusedError
from duolog.eventstore.appends import Append
from duolog.eventstore.conditions import AppendCondition, EventQuery, QueryItem
from duolog.eventstore.expectations import ANY_VERSION, NO_STREAM, STREAM_EXISTS, Exactly
from duolog.messages.envelope import NewEvent
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork
from tests.contract.backends import MakeDatabase
from tests.contract.models import Event, Model, Unit, tag_of, versions

TABLE = {"numbers": "CREATE TABLE numbers (number INTEGER PRIMARY KEY)"}
TAGS = [tag_of(number) for number in range(3)]

tenants = st.sampled_from(["", "acme"])
streams = st.sampled_from(["user-1", "user-2", "order-1"])
expectations = st.sampled_from([ANY_VERSION, ANY_VERSION, NO_STREAM, STREAM_EXISTS, *map(Exactly, range(4))])
# Most ids are new ones, so that logs grow; some come again.
event_ids = st.one_of(st.integers(0, 12), st.integers(13, 10_000))
appends = st.tuples(streams, expectations, st.lists(event_ids, min_size=1, max_size=3).map(tuple))
units = st.builds(
    Unit,
    tenant=tenants,
    rows=st.lists(st.integers(0, 8), max_size=2).map(tuple),
    appends=st.lists(appends, max_size=3).map(tuple),
    boundary=st.none() | st.tuples(st.sampled_from(TAGS), st.just(0)),
)
# Read the boundary first, or commit a unit, or commit the one before once more.
steps = st.lists(st.one_of(units, st.just("read"), st.just("again")), max_size=25)


class Run:
    """Does the same to a database and to the model, and compares."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.model = Model()
        self.conditions: dict[tuple[str, str], tuple[AppendCondition, int]] = {}

    async def read_boundaries(self) -> None:
        for tenant, tag in itertools.product(["", "acme"], TAGS):
            boundary = await self.database.store.read_boundary(EventQuery((QueryItem(tags=(tag,)),)), tenant=tenant)
            assert len(boundary.events) == self.model.matching(tenant, tag)
            self.conditions[tenant, tag] = (boundary.condition, len(boundary.events))

    async def commit(self, unit: Unit) -> None:
        conditions: tuple[AppendCondition, ...] = ()
        if unit.boundary is not None:
            condition, seen = self.conditions[unit.tenant, unit.boundary[0]]
            conditions = (condition,)
            unit = Unit(unit.tenant, unit.rows, unit.appends, (unit.boundary[0], seen))
        statements = tuple(
            Statement("INSERT INTO numbers (number) VALUES (:number)", {"number": number}) for number in unit.rows
        )
        work = SealedWork(
            unit.tenant,
            statements,
            tuple(Append(stream, tuple(map(new_event, ids)), expected) for stream, expected, ids in unit.appends),
            conditions,
        )
        before = await self.database.store.head()
        expected = self.model.commit(unit)
        try:
            outcome = await self.database.committer.commit(work)
        except ConflictError:
            assert expected == "conflict"
        except EventIdReusedError:
            assert expected == "reused"
        except ConstraintViolationError:
            assert expected == "taken"
        else:
            assert expected in {"committed", "repeated"}
            if expected == "repeated":
                assert outcome.position <= before
            elif unit.appends:
                assert outcome.first_position > before
                known = versions(self.model.log, unit.tenant)
                assert outcome.versions == {stream: known[stream] for stream, _, _ in unit.appends}

    async def compare(self) -> None:
        recorded = (await self.database.store.read_all(limit=10_000)).events
        found = [
            Event(event.tenant, event.stream, event.version, event.event_id.int, event.tags[0]) for event in recorded
        ]
        assert found == self.model.log
        reader = self.database.open_reader()
        rows = await reader.fetch("SELECT number FROM numbers")
        await reader.close()
        assert {row["number"] for row in rows} == self.model.rows


def new_event(number: int) -> NewEvent:
    return NewEvent(UUID(int=number), "thing.happened", 1, b'{"n":%d}' % number, (tag_of(number),))


async def compare(database: Database, plan: list[Unit | str]) -> None:
    await database.open()
    try:
        await database.create_tables(TABLE)
        run = Run(database)
        await run.read_boundaries()
        last = Unit()
        for step in plan:
            if step == "read":
                await run.read_boundaries()
            else:
                last = step if isinstance(step, Unit) else last
                await run.commit(last)
        await run.compare()
    finally:
        await database.close()


@settings(deadline=None, max_examples=60)
@given(plan=steps)
def test_whatever_is_committed_the_database_has_what_the_model_has(
    make_empty: MakeDatabase, plan: list[Unit | str]
) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(compare(make_empty(Path(folder)), plan))
