import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from opentelemetry import metrics
from opentelemetry.metrics import NoOpMeterProvider

from duolog import Application, Projection, Query, Settings, ViewDatabase
from duolog.dispatch.middleware.metrics import MetricsMiddleware
from duolog.dispatch.pipeline import Call
from duolog.errors import ConflictError, InvalidMessageError, NotAuthorizedError, TimeLimitExceededError
from duolog.ids import uuid7
from duolog.messages.binding import Binding
from duolog.messages.envelope import NewEvent
from duolog.telemetry import find_meter
from duolog.testing import application
from tests.unit.dispatch.counters import MOVE, CounterProvider, Move, Moved, MoveInteractor, Script
from tests.unit.metering import Metering, Point, metering
from tests.unit.subscriptions.eventually import eventually

__all__ = ["metering"]


@dataclass(frozen=True, slots=True)
class Count(Query[int]):
    fails: bool = False


class CountQueryService:
    async def execute(self, query: Count) -> int:
        if query.fails:
            raise LookupError
        return 1


def counters(script: Script | None = None, settings: Settings | None = None) -> Application:
    handlers: tuple[Binding[Move, int], Binding[Count, int]] = (MOVE, Count.handled_by(CountQueryService))
    return application(*handlers, providers=[CounterProvider(script)], settings=settings)


def test_without_a_meter_provider_nothing_is_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    async def proceed(context: object) -> object:
        return context

    call: Call = proceed
    assert MetricsMiddleware().build(MOVE, call) is call
    monkeypatch.setattr(metrics, "get_meter_provider", NoOpMeterProvider)
    assert find_meter() is None
    assert MetricsMiddleware().build(MOVE, call) is call


async def test_commands_and_queries_are_counted_and_timed_by_outcome(metering: Metering) -> None:
    async with counters() as app:
        for _ in range(3):
            await app.execute(Move("a"))
        with pytest.raises(InvalidMessageError):
            await app.execute(Move(""))
        await app.query(Count())
        with pytest.raises(LookupError):
            await app.query(Count(fails=True))
    points = metering.points()
    commands = {"duolog.message": "Move", "duolog.kind": "command"}
    queries = {"duolog.message": "Count", "duolog.kind": "query"}
    assert [(point.attributes, point.count) for point in points["duolog.command.duration"]] == [
        ({**commands, "duolog.outcome": "ok"}, 3),
        ({**commands, "duolog.outcome": "refused", "error.type": "InvalidMessageError"}, 1),
    ]
    assert [(point.attributes, point.count) for point in points["duolog.query.duration"]] == [
        ({**queries, "duolog.outcome": "ok"}, 1),
        ({**queries, "duolog.outcome": "error", "error.type": "LookupError"}, 1),
    ]
    assert 0 < points["duolog.command.duration"][0].value < 60
    assert not {"duolog.command.conflicts", "duolog.command.retries"} & points.keys()


def overtaken(times: int) -> Script:
    """Let somebody else change the counter meanwhile, in the first so many attempts."""

    async def step(interactor: MoveInteractor) -> None:
        if script.built <= times:
            await interactor.unit.store.append("counter-a", [interactor.unit.codec.encode(Moved(1))])

    script = Script(step)
    return script


@pytest.mark.parametrize(
    ("times", "attempts", "expected"),
    [(2, 5, (2, 2, "ok")), (9, 3, (3, 2, "conflict")), (9, 1, (1, 0, "conflict"))],
)
async def test_conflicts_and_retries_are_counted(
    metering: Metering, times: int, attempts: int, expected: tuple[int, int, str]
) -> None:
    conflicts, retries, outcome = expected
    async with counters(overtaken(times), Settings(attempts=attempts)) as app:
        with suppress(ConflictError):
            await app.execute(Move("a"))
    points = metering.points()
    message = {"duolog.message": "Move"}
    assert points["duolog.command.conflicts"] == [Point(message, 1, conflicts)]
    assert points.get("duolog.command.retries", []) == ([Point(message, 1, retries)] if retries else [])
    assert [point.attributes["duolog.outcome"] for point in points["duolog.command.duration"]] == [outcome]


async def test_what_was_refused_took_too_long_or_was_cancelled_is_told_apart(metering: Metering) -> None:
    async def deny(_: MoveInteractor) -> None:
        message = "not you"
        raise NotAuthorizedError(message)

    async def wait(_: MoveInteractor) -> None:
        waiting.set()
        await asyncio.Event().wait()

    waiting = asyncio.Event()
    script = Script(deny)
    async with counters(script, Settings(command_seconds=0.05)) as app:
        with pytest.raises(NotAuthorizedError):
            await app.execute(Move("a"))
        script.step = wait
        with pytest.raises(TimeLimitExceededError):
            await app.execute(Move("a"))
        waiting.clear()
        task = asyncio.create_task(app.execute(Move("a")))
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    outcomes = [point.attributes["duolog.outcome"] for point in metering.points()["duolog.command.duration"]]
    assert sorted(map(str, outcomes)) == ["cancelled", "refused", "timed_out"]


async def test_the_writers_batches_are_measured(metering: Metering, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'test.db'}"
    async with application(MOVE, database=database, providers=[CounterProvider()]) as app:
        await asyncio.gather(*(app.execute(Move(str(number))) for number in range(20)))
    (sizes,) = metering.points()["duolog.writer.batch_size"]
    assert sizes.value >= 21  # and the one that opened it
    assert 1 <= sizes.count <= sizes.value


class MovesProjection(Projection):
    name, version = "moves_view", 1
    tables: ClassVar[Mapping[str, str]] = {"moves_view": "CREATE TABLE moves_view (id TEXT)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_moved(self, event: Moved) -> None:
        raise NotImplementedError(event)


async def test_an_application_measures_its_projections(metering: Metering) -> None:
    async with application(MOVE, projections=[MovesProjection], providers=[CounterProvider()]) as app:
        await app.execute(Move("a"))
        await eventually(lambda: "duolog.subscription.parked" in metering.points())
    for name in ("duolog.subscription.lag", "duolog.subscription.parked"):
        assert [point.attributes for point in metering.points()[name]] == [{"duolog.subscription": "moves_view"}]


class KeptProjection(Projection):
    name, version, partitions = "kept_view", 1, 4
    tables: ClassVar[Mapping[str, str]] = {"kept_view": "CREATE TABLE kept_view (id TEXT)"}

    async def on_moved(self, event: Moved) -> None:
        """Keep nothing; that it came is counted."""


def series(metering: Metering, name: str) -> dict[str, float]:
    points = metering.points().get(f"duolog.subscription.{name}", [])
    return {str(point.attributes.get("duolog.change", "")): point.value for point in points}


async def test_shares_that_change_hands_and_what_is_processed_are_counted(metering: Metering, tmp_path: Path) -> None:
    """A second application takes its half without a restart of the first, which gets it back in the end."""
    url = f"sqlite:///{tmp_path / 'log.db'}"
    async with application(MOVE, database=url, projections=[KeptProjection], providers=[CounterProvider()]) as first:
        for number in range(3):
            await first.execute(Move(str(number)))
        await first.caught_up()
        assert series(metering, "processed") == {"": 3}
        assert series(metering, "rebalances") == {"taken": 4}
        async with application(MOVE, database=url, projections=[KeptProjection], providers=[CounterProvider()]):
            await eventually(lambda: series(metering, "rebalances") == {"taken": 6, "released": 2}, seconds=30)
            await eventually(lambda: series(metering, "owners") == {"": 2}, seconds=30)
        await eventually(lambda: series(metering, "rebalances")["taken"] == 8, seconds=30)
        await first.caught_up()
        assert series(metering, "owners") == {"": 1}
        assert series(metering, "delay") == {"": 0}


async def test_who_waited_for_the_projections_finds_the_gauges_at_their_end(metering: Metering) -> None:
    """And nothing is left of a lag when the application was closed."""
    app = application(MOVE, projections=[MovesProjection], providers=[CounterProvider()])
    async with app:
        for number in range(3):
            await app.execute(Move("a"))
            await app.caught_up()
            assert [point.value for point in metering.points()["duolog.subscription.lag"]] == [0], number
        await app.database.store.append("other-1", [NewEvent(uuid7(), "other.happened", 1, b"{}")])
        head = await app.database.store.head()
        await eventually(lambda: app.projection_statuses()[0].position == head)
    assert [point.value for point in metering.points()["duolog.subscription.lag"]] == [0]
