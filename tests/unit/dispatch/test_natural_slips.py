"""What is easily written wrong is refused with a sentence that says what to write."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import pytest

from duolog import (
    Application,
    MaterializedView,
    Projection,
    Query,
    Reaction,
    Reactor,
    Settings,
    StreamQuery,
    bind_query,
    cached,
    event,
)
from duolog.errors import ConfigurationError, ForeignTokenError, LimitOutOfRangeError
from duolog.read.limits import Limits
from duolog.testing import application


@event("slip.made")
@dataclass(frozen=True, slots=True)
class SlipMade:
    id: int


class SlipProjection(Projection):
    name = "slips_view"

    async def on_made(self, event: SlipMade) -> None:
        """It keeps nothing."""


class SlipsView(MaterializedView):
    name, key, reads = "slips", ("id",), (SlipProjection,)
    select = "SELECT 1 AS id"


class SlipReactor(Reactor):
    name = "slip_reactor"

    async def on_made(self, event: SlipMade, reaction: Reaction) -> None:
        """It sends nothing."""


class AskQuery(Query[int]):
    pass


class AskQueryService:
    async def execute(self, _: AskQuery) -> int:
        return 1


class WatchQuery(StreamQuery[int]):
    pass


def projection_with_tables(tables: Any) -> type[Projection]:
    return type("WrongProjection", (Projection,), {"name": "wrong_view", "tables": tables})


ANY: Any = cast("Any", None)
SLIPS: list[tuple[Callable[[], object], str, str]] = [
    (lambda: application(projections=[cast("Any", SlipsView)]), "SlipsView", "materialized_views=[SlipsView]"),
    (lambda: application(projections=[cast("Any", SlipReactor)]), "SlipReactor", "processes=[SlipReactor]"),
    (lambda: application(processes=[cast("Any", SlipProjection)]), "SlipProjection", "projections=[SlipProjection]"),
    (
        lambda: application(materialized_views=[cast("Any", SlipProjection)]),
        "SlipProjection",
        "projections=[SlipProjection]",
    ),
    (lambda: application(projections=[cast("Any", SlipProjection())]), "a SlipProjection", "makes its instances"),
    (lambda: application(projections=cast("Any", SlipProjection)), "no list", "projections=[SlipProjection]"),
    (lambda: application(tables=cast("Any", "CREATE TABLE x (id TEXT)")), "no mapping", 'tables = {"name"'),
    (lambda: projection_with_tables("CREATE TABLE x (id TEXT)"), "no mapping", '{"name": "CREATE TABLE name ..."}'),
    (lambda: projection_with_tables({"x": 1}), "no mapping", '{"name": "CREATE TABLE name ..."}'),
    (lambda: Application("", database="memory://", handlers=[]), "needs a name", 'Application("shop", ...)'),
    (lambda: Application(ANY, database="memory://", handlers=[]), "needs a name", 'Application("shop", ...)'),
    (lambda: cast("Any", cached)(AskQueryService), "without parentheses", "Write @cached()"),
    (
        lambda: AskQuery.handled_by(AskQueryService, reads=cast("Any", SlipProjection)),
        "reads is no list",
        "reads=[SlipProjection]",
    ),
    (
        lambda: WatchQuery.handled_by(cast("Any", AskQueryService), reads=cast("Any", SlipProjection)),
        "reads is no list",
        "reads=[SlipProjection]",
    ),
    (
        lambda: bind_query(AskQuery, AskQueryService, reads=cast("Any", SlipProjection)),
        "reads is no list",
        "reads=[SlipProjection]",
    ),
    (lambda: Settings(query_seconds=cast("Any", "5")), "query_seconds='5'", "a number greater than 0, or None"),
    (lambda: Settings(after_seconds=cast("Any", None)), "after_seconds=None", "a number greater than 0."),
    (lambda: Settings(idempotency_hours=0), "idempotency_hours=0", "Give hours, a number greater than 0"),
    (lambda: Settings(attempts=0), "attempts=0", "a whole number, 1 or more"),
    (lambda: Settings(watchers=cast("Any", 1.5)), "watchers=1.5", "a whole number, 0 or more"),
]


@pytest.mark.parametrize(("slip", "says", "advice"), SLIPS)
def test_a_natural_slip_is_refused_with_what_to_write(slip: Callable[[], object], says: str, advice: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        slip()
    assert says in refused.value.message
    assert advice in refused.value.hint


def test_a_limit_that_is_a_text_is_refused_as_one_that_is_out_of_range() -> None:
    with pytest.raises(LimitOutOfRangeError, match=r"limit must be a whole number between 1 and 200, not '5'"):
        Limits().check(cast("Any", "5"))
    with pytest.raises(LimitOutOfRangeError, match="offset must be a whole number between 0 and"):
        Limits().check(5, cast("Any", None))


async def test_a_position_that_is_a_text_is_refused_with_what_a_position_is() -> None:
    ask = AskQuery.handled_by(AskQueryService, reads=[SlipProjection])
    async with application(ask, projections=[SlipProjection]) as app:
        with pytest.raises(ForeignTokenError, match=r"whole number from 0 to 2\*\*63 - 1\n.*PositionToken\.decode"):
            await app.query(AskQuery(), after=cast("Any", "abc"))
