from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest

from duolog import Aggregate, Projection, RecordedEvent, ViewDatabase, event
from duolog.errors import ConstraintViolationError, PayloadError
from duolog.testing import ProjectionScenario, given


@event("door.opened")
@dataclass(frozen=True, slots=True)
class Opened:
    by: str


@event("door.closed")
@dataclass(frozen=True, slots=True)
class Closed:
    pass


class DoorIsOpenError(Exception):
    """An open door cannot be opened."""


class Door(Aggregate[int]):
    category = "door"
    is_open = False

    def open(self, by: str) -> None:
        if self.is_open:
            raise DoorIsOpenError
        self.raise_event(Opened(by))

    def slam(self) -> None:
        self.raise_event(Closed())
        raise DoorIsOpenError

    def on_moved(self, event: Opened | Closed) -> None:
        self.is_open = isinstance(event, Opened)


class VisitsProjection(Projection):
    name, version = "visits_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "visits_view": """
            CREATE TABLE visits_view (visitor TEXT PRIMARY KEY, door TEXT NOT NULL, version INTEGER NOT NULL)"""
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_opened(self, event: Opened, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "INSERT INTO visits_view (visitor, door, version) VALUES (:by, :door, :version)",
            {"by": event.by, "door": recorded.stream, "version": recorded.version},
        )


# --- aggregates ---------------------------------------------------------------------------------------------------


def test_a_decision_is_compared_with_the_events_it_raised() -> None:
    door = given(Door(1)).when(lambda door: door.open("ann")).then(Opened("ann"))
    assert door.is_open


def test_history_is_applied_and_is_not_among_what_was_raised() -> None:
    door = given(Door(1), Opened("ann"), Closed()).when(lambda door: door.open("bob")).then(Opened("bob"))
    assert door.version == 3


def test_a_decision_for_nothing_is_checked_as_such() -> None:
    given(Door(1), Opened("ann")).when(lambda door: door.is_open).then_nothing()
    with pytest.raises(AssertionError, match=r"expected \[\], but it raised \[Opened"):
        given(Door(1)).when(lambda door: door.open("ann")).then_nothing()


def test_a_refusal_is_checked_by_its_class() -> None:
    given(Door(1), Opened("ann")).when(lambda door: door.open("bob")).then_raises(DoorIsOpenError)


def test_other_events_fail_and_both_are_shown() -> None:
    scenario = given(Door(1)).when(lambda door: door.open("ann"))
    with pytest.raises(AssertionError, match=r"expected \[Opened\(by='bob'\)\], but it raised \[Opened\(by='ann'\)\]"):
        scenario.then(Opened("bob"))


def test_an_error_that_was_not_expected_fails_with_the_error_as_its_cause() -> None:
    scenario = given(Door(1), Opened("ann")).when(lambda door: door.open("bob"))
    with pytest.raises(AssertionError, match="but it raised DoorIsOpenError") as raised:
        scenario.then(Opened("bob"))
    assert isinstance(raised.value.__cause__, DoorIsOpenError)


def test_an_expected_error_that_did_not_come_or_was_another_one_fails() -> None:
    with pytest.raises(AssertionError, match="expected DoorIsOpenError, but got None"):
        given(Door(1)).when(lambda door: door.open("ann")).then_raises(DoorIsOpenError)
    with pytest.raises(AssertionError, match="expected KeyError, but got DoorIsOpenError"):
        given(Door(1), Opened("ann")).when(lambda door: door.open("bob")).then_raises(KeyError)


def test_an_error_beside_an_event_fails_because_a_command_would_lose_the_event() -> None:
    scenario = given(Door(1)).when(lambda door: door.slam())
    with pytest.raises(AssertionError, match="expected no events beside DoorIsOpenError"):
        scenario.then_raises(DoorIsOpenError)


# --- projections --------------------------------------------------------------------------------------------------


async def test_a_projection_shows_what_its_events_make_of_its_tables() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        await scenario.given("door-1", Opened("ann"))
        await scenario.given("door-2", Opened("bob"))
        await scenario.given("door-1", Opened("cid"))
        assert [dict(row) for row in await scenario.rows("visits_view", order_by="visitor")] == [
            {"visitor": "ann", "door": "door-1", "version": 1},
            {"visitor": "bob", "door": "door-2", "version": 1},
            {"visitor": "cid", "door": "door-1", "version": 2},
        ]


async def test_rows_are_checked_by_the_columns_that_are_named() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        await scenario.then_no_rows("visits_view")
        await scenario.given("door-1", Opened("bob"))
        await scenario.when("door-2", Opened("ann"))
        await scenario.then_rows("visits_view", {"visitor": "ann", "door": "door-2"}, {"visitor": "bob", "version": 1})
        await scenario.then_rows("visits_view", {"visitor": "bob"}, {"visitor": "ann"}, order_by="door")
        for wrong in (
            [{"visitor": "ann"}],
            [{"visitor": "ann"}, {"visitor": "bob", "version": 2}],
            [{}, {"name": "b"}],
        ):
            with pytest.raises(AssertionError, match="expected rows .* but visits_view has"):
                await scenario.then_rows("visits_view", *wrong)


async def test_expected_values_are_those_that_a_handler_writes() -> None:
    class KeysProjection(Projection):
        name = "keys_view"
        tables: ClassVar[Mapping[str, str]] = {"keys_view": "CREATE TABLE keys_view (id UUID, made TIMESTAMPTZ)"}

        def __init__(self, db: ViewDatabase) -> None:
            self._db = db

        async def on_opened(self, _: Opened) -> None:
            await self._db.execute("INSERT INTO keys_view (id, made) VALUES (:id, :made)", {"id": key, "made": made})

    key, made = UUID(int=7), datetime(2026, 1, 2, 3, tzinfo=UTC)
    async with ProjectionScenario(KeysProjection) as scenario:
        await scenario.when("door-1", Opened("ann"))
        await scenario.then_rows("keys_view", {"id": key, "made": made})


async def test_what_a_projection_raises_is_checked_by_its_class_and_has_written_nothing() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        await scenario.given("door-1", Opened("ann"))
        await scenario.when("door-1", Opened("bob"), Opened("ann"))
        with pytest.raises(
            AssertionError, match="expected rows of visits_view, but it raised ConstraintViolationError"
        ):
            await scenario.then_rows("visits_view", {"visitor": "ann"})
        with pytest.raises(AssertionError, match="expected KeyError, but got ConstraintViolationError"):
            scenario.then_raises(KeyError)
        await scenario.then_raises(ConstraintViolationError).then_rows("visits_view", {"visitor": "ann"})
        with pytest.raises(AssertionError, match="expected KeyError, but got None"):
            scenario.then_raises(KeyError)


async def test_what_a_projection_writes_for_one_given_is_all_or_nothing() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        await scenario.given("door-1", Opened("ann"))
        with pytest.raises(ConstraintViolationError):
            await scenario.given("door-1", Opened("bob"), Opened("ann"))
        assert [row["visitor"] for row in await scenario.rows("visits_view")] == ["ann"]
        await scenario.given("door-1", Opened("cid"))
        assert [row["visitor"] for row in await scenario.rows("visits_view")] == ["ann", "cid"]


async def test_a_projection_that_takes_more_is_built_by_the_test() -> None:
    class Shouting(VisitsProjection):
        name = "shouting_view"

        def __init__(self, db: ViewDatabase, mark: str) -> None:
            super().__init__(db)
            self._mark = mark

        async def on_opened(self, event: Opened, recorded: RecordedEvent) -> None:
            await super().on_opened(Opened(event.by + self._mark), recorded)

    async with ProjectionScenario(Shouting, lambda db: Shouting(db, "!")) as scenario:
        await scenario.given("door-1", Opened("ann"))
        assert [row["visitor"] for row in await scenario.rows("visits_view")] == ["ann!"]


async def test_an_event_that_the_log_would_refuse_is_refused() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        with pytest.raises(PayloadError):
            await scenario.given("door-1", Opened("\x00"))


async def test_an_event_that_the_projection_does_not_handle_changes_nothing() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        await scenario.given("door-1", Closed(), Opened("ann"))
        assert [row["version"] for row in await scenario.rows("visits_view")] == [2]


async def test_only_the_views_own_tables_can_be_read() -> None:
    async with ProjectionScenario(VisitsProjection) as scenario:
        for table, order_by in (("sqlite_master", "1"), ("visits_view", "1; DROP TABLE visits_view")):
            with pytest.raises(KeyError):
                await scenario.rows(table, order_by=order_by)
