"""What cannot be cached safely is refused at the start, or not kept."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from duolog import Projection, Query, ReadDatabase, StreamQuery, ViewDatabase, cached
from duolog.dispatch.middleware.authorisation import Authorizer
from duolog.errors import ConfigurationError, NotAuthorizedError
from duolog.messages.metadata import Metadata
from duolog.testing import application
from tests.unit.application.tallies import Added, TallyProjection


@dataclass(frozen=True, slots=True)
class Ask(Query[float]):
    number: int = 1


@dataclass(frozen=True, slots=True)
class AskAnything(Query[Any]):
    pass


@dataclass(frozen=True, slots=True)
class AskWithObject(Query[int]):
    what: object


@cached()
class AskQueryService:
    async def execute(self, query: Ask) -> float:
        return float("nan") if query.number < 0 else float(query.number)


@cached()
class AskAnythingQueryService:
    async def execute(self, query: AskAnything) -> Any:
        return query


@cached()
class AskWithObjectQueryService:
    async def execute(self, query: AskWithObject) -> int:
        return len(str(query.what))


class InlineTallies(TallyProjection):
    name = "inline_tallies"
    inline = True
    tables: ClassVar[Mapping[str, str]] = {"inline_tallies": "CREATE TABLE inline_tallies (name TEXT PRIMARY KEY)"}


class Elsewhere(Projection):
    """Writes to no table that the database knows of."""

    name = "elsewhere"

    def __init__(self, db: ViewDatabase) -> None: ...

    async def on_added(self, event: Added) -> None: ...


@pytest.mark.parametrize("reads", [[], [InlineTallies], [Elsewhere], [TallyProjection, Elsewhere]])
async def test_a_cache_that_nothing_tells_of_changes_is_refused(reads: Sequence[type[Projection]]) -> None:
    """Tables, inline views and views elsewhere count no changes."""
    app = application(
        Ask.handled_by(AskQueryService, reads=reads),
        projections=[TallyProjection, InlineTallies, Elsewhere],
    )
    with pytest.raises(ConfigurationError, match="the answers of Ask cannot be cached"):
        await app.start()


async def test_questions_and_answers_must_be_declared() -> None:
    """What cannot be a key, or told apart after decoding, is refused at the start."""
    for binding in (
        AskAnything.handled_by(AskAnythingQueryService, reads=[TallyProjection]),
        AskWithObject.handled_by(AskWithObjectQueryService, reads=[TallyProjection]),
    ):
        app = application(binding, projections=[TallyProjection])
        with pytest.raises(ConfigurationError, match="cannot be cached"):
            await app.start()


async def test_an_answer_that_would_come_back_as_another_one_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks gets what the service says, every time; it is logged once, without the answer."""
    app = application(Ask.handled_by(AskQueryService, reads=[TallyProjection]), projections=[TallyProjection])
    with caplog.at_level(logging.WARNING, "duolog.cache"):
        async with app:
            await app.caught_up()
            for _ in range(3):
                answer = await app.query(Ask(-1))
                assert answer != answer  # noqa: PLR0124 - not a number
            assert await app.query(Ask(2)) == 2
            assert (app.cache_figures()["Ask"].unfit, app.cache_figures()["Ask"].queried) == (3, 4)
    (record,) = caplog.records
    assert record.getMessage().startswith("Ask: an answer is not cached: the answer of Ask")


async def test_only_answers_of_queries_are_cached() -> None:
    """Items of a stream, and results of commands, are not kept; whoever says so is told."""

    @dataclass(frozen=True, slots=True)
    class Count(StreamQuery[int]):
        pass

    @cached()
    class CountQueryService:
        async def execute(self, query: Count) -> AsyncIterator[int]:  # noqa: ARG002 - it has no fields
            yield 1

    with pytest.raises(ConfigurationError, match="Count is a stream"):
        await application(Count.handled_by(CountQueryService)).start()


def test_an_age_must_be_a_time() -> None:
    """Nothing can be zero seconds old at most; that is what strict is for."""
    with pytest.raises(ConfigurationError, match="0 s old"):
        cached(max_staleness=0)


async def test_a_service_is_cached_only_if_it_says_so_itself() -> None:
    """A subclass of a cached service may depend on something else."""

    class Another(AskQueryService):
        def __init__(self, db: ReadDatabase) -> None: ...

    app = application(Ask.handled_by(Another), projections=[TallyProjection])
    async with app:
        assert await app.query(Ask()) == 1
        assert app.cache_figures() == {}


class _Door(Authorizer):
    is_open = True

    async def authorize(self, message: object, metadata: Metadata) -> None:  # noqa: ARG002 - the port's
        if not self.is_open:
            message = "no"
            raise NotAuthorizedError(message)


async def test_who_may_not_ask_gets_no_kept_answer() -> None:
    """Authorisation comes before the cache."""
    door = _Door()
    binding = Ask.handled_by(AskQueryService, reads=[TallyProjection])
    async with application(binding, projections=[TallyProjection], authorizer=door) as app:
        await app.caught_up()
        assert await app.query(Ask()) == 1
        door.is_open = False
        with pytest.raises(NotAuthorizedError):
            await app.query(Ask())
