"""Appends of one event that wait together are inserted by few statements, and come out as they do one by one."""

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from duolog.adapters.sqlite import open_database
from duolog.adapters.sqlite.database import SqliteDatabase
from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.expectations import ANY_VERSION, NO_STREAM, Exactly, ExpectedVersion
from duolog.testing.contracts.samples import SECONDS, new_event
from duolog.write.sealed_work import SealedWork

BEGUN = 70


async def outcomes_together(database: SqliteDatabase, works: Sequence[SealedWork]) -> list[Appended | BaseException]:
    """Commit all of them while somebody holds the writer, so that they wait together."""
    held = await database.committer.hold_writer(seconds=SECONDS)
    waiting = [asyncio.ensure_future(database.committer.commit(work)) for work in works]
    await asyncio.sleep(0)
    await held.close()
    return await asyncio.gather(*waiting, return_exceptions=True)


async def outcomes_alone(database: SqliteDatabase, works: Sequence[SealedWork]) -> list[Appended | BaseException]:
    """Commit them one after the other."""
    return [(await asyncio.gather(database.committer.commit(work), return_exceptions=True))[0] for work in works]


async def log_of(database: SqliteDatabase) -> list[tuple[object, ...]]:
    events = (await database.store.read_all(limit=10_000)).events
    return [(event.position, event.stream, event.version, event.event_id, event.partition) for event in events]


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 300])
async def test_each_gets_the_position_of_its_own_event(tmp_path: Path, count: int) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'log.sqlite'}")
    await database.open()
    works = [append("", f"user-{number}", NO_STREAM) for number in range(count)]
    outcomes = await outcomes_together(database, works)
    for work, outcome, event in zip(works, outcomes, (await database.store.read_all()).events, strict=True):
        expected = Appended(event.position, event.position, {event.stream: 1}, frozenset((event.partition,)))
        assert outcome == expected
        assert (event.stream, event.event_id) == (work.appends[0].stream, work.appends[0].events[0].event_id)
    await database.close()


def append(tenant: str, stream: str, expected: ExpectedVersion, *tags: str) -> SealedWork:
    return SealedWork(tenant, appends=(Append(stream, (new_event("thing.happened", *tags),), expected),))


def chaos(choose: random.Random) -> list[SealedWork]:
    """Expect whatever there is of streams that many share, some with tags, some sent twice."""
    works: list[SealedWork] = []
    for _ in range(100):
        choices: list[ExpectedVersion] = [NO_STREAM, NO_STREAM, ANY_VERSION, *map(Exactly, range(5))]
        expected = choose.choice(choices)
        tags = ("email:a",) if choose.random() < 0.05 else ()
        works.append(append(choose.choice(["", "acme"]), f"user-{choose.randrange(40)}", expected, *tags))
        if choose.random() < 0.05:
            works.append(choose.choice(works))
    return works


def order(choose: random.Random) -> list[SealedWork]:
    """Expect of many streams, once each, what they are; but for one."""
    wrong = choose.randrange(BEGUN)
    return [
        append("", f"user-{number}", NO_STREAM if number >= BEGUN else Exactly(2 if number == wrong else 1))
        for number in choose.sample(range(2 * BEGUN), 2 * BEGUN)
    ]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [chaos, order])
async def test_they_come_out_as_they_do_one_by_one(
    tmp_path: Path, make: Callable[[random.Random], list[SealedWork]], seed: int
) -> None:
    works = make(random.Random(seed))  # noqa: S311 - a test's input
    begun = [append("", f"user-{number}", NO_STREAM) for number in range(BEGUN)] if make is order else []
    seen: list[tuple[list[str], object]] = []
    for name, outcomes_of in (("alone", outcomes_alone), ("together", outcomes_together)):
        database = open_database(f"sqlite:///{tmp_path / name}")
        await database.open()
        await outcomes_together(database, begun)
        outcomes = await outcomes_of(database, works)
        seen.append(([repr(outcome) for outcome in outcomes], await log_of(database)))
        await database.close()
    assert seen[0] == seen[1]
    assert any("WrongExpectedVersion" in outcome for outcome in seen[0][0])
