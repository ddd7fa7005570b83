"""The query cache and live queries: hits beside the dispatch, many misses at once, many watchers."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_loop
from benchmarks.workloads.application import SECRET
from duolog import (
    Application,
    Command,
    PaginatedResult,
    Projection,
    Query,
    ReadDatabase,
    UnitOfWork,
    ViewDatabase,
    cached,
    event,
)

ROWS = 1_000
PAGE = 20
AT_ONCE = 1_000
WATCHERS = 1_000
DISPATCH = "dispatch, whole pipeline, no database"
HIT = "cached, one DTO from memory"


@event("score.changed")
@dataclass(frozen=True, slots=True)
class ScoreChanged:
    person: int
    score: int


@dataclass(frozen=True, slots=True)
class ChangeScoreCommand(Command[None]):
    person: int
    score: int


class ChangeScoreInteractor:
    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def execute(self, cmd: ChangeScoreCommand) -> None:
        self._unit.stage(f"person-{cmd.person}", [ScoreChanged(cmd.person, cmd.score)])


class ScoreProjection(Projection):
    name, version = "scores", 1
    tables: ClassVar[Mapping[str, str]] = {
        "scores": "CREATE TABLE scores (person BIGINT PRIMARY KEY, name TEXT NOT NULL, score BIGINT NOT NULL)"
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_changed(self, happened: ScoreChanged) -> None:
        await self._db.execute(
            "INSERT INTO scores (person, name, score) VALUES (:person, :name, :score) "
            "ON CONFLICT (person) DO UPDATE SET score = excluded.score",
            {"person": happened.person, "name": f"person {happened.person}", "score": happened.score},
        )


@dataclass(frozen=True, slots=True)
class ScoreDTO:
    person: int
    name: str
    score: int


@dataclass(frozen=True, slots=True)
class EchoQuery(Query[ScoreDTO]):
    person: int


@dataclass(frozen=True, slots=True)
class GetScoreQuery(Query[ScoreDTO | None]):
    person: int


@dataclass(frozen=True, slots=True)
class GetScoreStrictlyQuery(Query[ScoreDTO | None]):
    person: int


@dataclass(frozen=True, slots=True)
class GetStoredScoreQuery(Query[ScoreDTO | None]):
    person: int


@dataclass(frozen=True, slots=True)
class ListScoresQuery(Query[PaginatedResult[ScoreDTO]]):
    limit: int = PAGE


@dataclass(frozen=True, slots=True)
class ListStoredScoresQuery(Query[PaginatedResult[ScoreDTO]]):
    limit: int = PAGE


class EchoQueryService:
    async def execute(self, query: EchoQuery) -> ScoreDTO:
        return ScoreDTO(query.person, "somebody", 1)


class ScoreReader:
    asked: ClassVar[int] = 0

    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def one(self, person: int) -> ScoreDTO | None:
        sql = "SELECT person, name, score FROM scores WHERE person = :person"
        return await self._db.fetch_one(sql, {"person": person}, into=ScoreDTO)

    async def page(self, limit: int) -> PaginatedResult[ScoreDTO]:
        ScoreReader.asked += 1
        sql = "SELECT person, name, score FROM scores ORDER BY score DESC, person LIMIT :limit"
        rows = await self._db.fetch(sql, {"limit": limit}, into=ScoreDTO)
        total = await self._db.fetch_value("SELECT count(*) FROM scores")
        return PaginatedResult(list(rows), total=total, limit=limit, offset=0)


@cached(max_staleness=3_600)
class GetScoreQueryService(ScoreReader):
    async def execute(self, query: GetScoreQuery) -> ScoreDTO | None:
        return await self.one(query.person)


@cached(strict=True)
class GetScoreStrictlyQueryService(ScoreReader):
    async def execute(self, query: GetScoreStrictlyQuery) -> ScoreDTO | None:
        return await self.one(query.person)


class GetStoredScoreQueryService(ScoreReader):
    async def execute(self, query: GetStoredScoreQuery) -> ScoreDTO | None:
        return await self.one(query.person)


@cached(max_staleness=3_600)
class ListScoresQueryService(ScoreReader):
    async def execute(self, query: ListScoresQuery) -> PaginatedResult[ScoreDTO]:
        return await self.page(query.limit)


class ListStoredScoresQueryService(ScoreReader):
    async def execute(self, query: ListStoredScoresQuery) -> PaginatedResult[ScoreDTO]:
        return await self.page(query.limit)


Opening = Callable[[Path], AbstractAsyncContextManager[Round]]


@asynccontextmanager
async def scores(folder: Path) -> AsyncGenerator[Application]:
    """Run the application on a file of SQLite that has the rows."""
    reads = [ScoreProjection]
    app = Application(
        "scores",
        database=f"sqlite:///{folder / 'scores.sqlite'}",
        handlers=[
            ChangeScoreCommand.handled_by(ChangeScoreInteractor),
            EchoQuery.handled_by(EchoQueryService),
            GetScoreQuery.handled_by(GetScoreQueryService, reads=reads),
            GetScoreStrictlyQuery.handled_by(GetScoreStrictlyQueryService, reads=reads),
            GetStoredScoreQuery.handled_by(GetStoredScoreQueryService, reads=reads),
            ListScoresQuery.handled_by(ListScoresQueryService, reads=reads),
            ListStoredScoresQuery.handled_by(ListStoredScoresQueryService, reads=reads),
        ],
        projections=reads,
        secret=SECRET,
    )
    async with app:
        await asyncio.gather(*(app.execute(ChangeScoreCommand(person, person)) for person in range(ROWS)))
        await app.caught_up(timeout=60)
        yield app


def cache_hits(sizes: Sizes) -> Comparison:
    """Compare a hit with the dispatch of a query that does nothing, and with the query that it saves."""

    def asking(query: Query[Any], count: int) -> Opening:
        @asynccontextmanager
        async def opened(folder: Path) -> AsyncGenerator[Round]:
            async with scores(folder) as app:
                first = await app.query(query)
                assert await app.query(query) == first
                yield lambda: time_loop(lambda: app.query(query), count)

        return opened

    few = max(sizes.dispatches // 20, 20)
    cases = (
        Case(DISPATCH, asking(EchoQuery(7), sizes.dispatches)),
        Case(HIT, asking(GetScoreQuery(7), sizes.dispatches)),
        Case("cached, page of 20 from memory", asking(ListScoresQuery(), sizes.dispatches)),
        Case("cached, one DTO, strict", asking(GetScoreStrictlyQuery(7), few)),
        Case("not cached, one DTO", asking(GetStoredScoreQuery(7), few)),
        Case("not cached, page of 20 with total", asking(ListStoredScoresQuery(), few)),
    )
    return Comparison(
        "cache-hits",
        "A query that is cached, on SQLite",
        "query",
        cases,
        reference=DISPATCH,
        per_operation=True,
        targets=(
            # 5 µs over the dispatch, whose own target is 10 µs.
            Target(HIT, DISPATCH, 2 / 3, "from memory: ≤ 5 µs over the dispatch"),
        ),
    )


def cache_misses(sizes: Sizes) -> Comparison:
    """Compare a thousand misses of one question at once with a thousand queries."""
    turns = max(sizes.pages // 20, 1)

    def asking(query: Query[Any], asked: int) -> Opening:
        @asynccontextmanager
        async def opened(folder: Path) -> AsyncGenerator[Round]:
            async with scores(folder) as app:

                async def measure() -> Sample:
                    seconds = 0.0
                    for turn in range(turns):
                        await app.execute(ChangeScoreCommand(turn, turn + 10_000))
                        await app.caught_up(timeout=60)
                        ScoreReader.asked = 0
                        began = time.perf_counter()
                        answers = await asyncio.gather(*(app.query(query) for _ in range(AT_ONCE)))
                        seconds += time.perf_counter() - began
                        assert all(answer == answers[0] for answer in answers)
                        assert ScoreReader.asked == asked
                    return Sample(turns * AT_ONCE, seconds)

                yield measure

        return opened

    plain = "not cached, 1,000 queries"
    cases = (
        Case(plain, asking(ListStoredScoresQuery(), AT_ONCE)),
        Case("cached, one query", asking(ListScoresQuery(), 1)),
    )
    return Comparison(
        "cache-misses", "1,000 who ask at once for a page of 20, right after a change", "answer", cases, reference=plain
    )


def watching(sizes: Sizes) -> Comparison:
    """Measure how soon 1,000 watchers in one process have what a command has changed."""
    turns = max(sizes.pages // 20, 1)

    def watched(query: Query[Any]) -> Opening:
        @asynccontextmanager
        async def opened(folder: Path) -> AsyncGenerator[Round]:
            async with scores(folder) as app:
                answers = [app.watch(query) for _ in range(WATCHERS)]
                await asyncio.gather(*(anext(each) for each in answers))
                scored = 100_000

                async def measure() -> Sample:
                    nonlocal scored
                    latencies: list[float] = []
                    begun = time.perf_counter()

                    async def one(following: AsyncGenerator[Any, None], began: float) -> None:
                        await anext(following)
                        latencies.append(time.perf_counter() - began)

                    for _ in range(turns):
                        scored += 1
                        waiting = [asyncio.create_task(one(each, time.perf_counter())) for each in answers]
                        await asyncio.sleep(0)
                        await app.execute(ChangeScoreCommand(1, scored))
                        await asyncio.gather(*waiting)
                    return Sample(turns * WATCHERS, time.perf_counter() - begun, latencies)

                yield measure
                for each in answers:
                    await each.aclose()

        return opened

    plain = "not cached, a query each"
    cases = (
        Case(plain, watched(ListStoredScoresQuery())),
        Case("cached, one query for all", watched(ListScoresQuery())),
    )
    return Comparison(
        "watching",
        "1,000 who watch a page of 20 in one process, from command to answer",
        "answer",
        cases,
        reference=plain,
    )
