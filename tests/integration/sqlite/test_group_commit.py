"""Many units share one COMMIT, and each keeps its own outcome."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from duolog.adapters.sqlite import writer as writer_module
from duolog.adapters.sqlite.connections import connect_writer
from duolog.adapters.sqlite.location import parse_location
from duolog.adapters.sqlite.migrations import migrate
from duolog.adapters.sqlite.units import Action, roll_back
from duolog.adapters.sqlite.views import create_tables
from duolog.adapters.sqlite.work_unit import work_unit
from duolog.adapters.sqlite.writer import Writer
from duolog.database.port import Database
from duolog.errors import (
    ConstraintViolationError,
    DatabaseError,
    DatabaseFullError,
    NotStartedError,
    OutcomeUnknownError,
    WrongExpectedVersionError,
)
from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.expectations import NO_STREAM, Exactly
from duolog.tables.statements import Statement
from duolog.testing.contracts.samples import SECONDS, new_event, new_events, outcomes
from duolog.write.sealed_work import SealedWork

ACCOUNTS = {"accounts": "CREATE TABLE accounts (id TEXT PRIMARY KEY)"}


def insertion(key: str) -> Statement:
    return Statement("INSERT INTO accounts (id) VALUES (:id)", {"id": key})


class Observed:
    """A writer, and what its connection ran."""

    def __init__(self, path: Path) -> None:
        self.statements: list[str] = []
        self._location = parse_location(f"sqlite:///{path}")
        self.writer = Writer(self._connect, on_commit=lambda _: None)

    def _connect(self) -> sqlite3.Connection:
        connection = connect_writer(self._location)
        migrate(connection)
        connection.set_trace_callback(self.statements.append)
        return connection

    @property
    def commits(self) -> int:
        return self.statements.count("COMMIT")


@pytest.fixture
async def observed(path: Path) -> AsyncIterator[Observed]:
    observed = Observed(path)
    await observed.writer.start()
    observed.statements.clear()
    yield observed
    await observed.writer.close()


def append(stream: str) -> SealedWork:
    return SealedWork(appends=(Append(stream, (new_event(),), NO_STREAM),))


async def test_appends_side_by_side_share_commits(observed: Observed) -> None:
    outcomes = await asyncio.gather(*(observed.writer.run(work_unit(append(f"user-{n}"))) for n in range(64)))
    assert sorted(outcome.position for outcome in outcomes) == list(range(1, 65))
    assert 1 <= observed.commits <= 8


async def test_a_lone_append_waits_for_nobody(observed: Observed) -> None:
    for number in range(5):
        await observed.writer.run(work_unit(append(f"user-{number}")))
    assert observed.commits == 5


async def test_a_group_is_bounded(observed: Observed) -> None:
    big = new_event(data=b'"' + b"x" * 1_000_000 + b'"')
    held = await observed.writer.hold(seconds=SECONDS, patience=SECONDS)  # so that all of them wait together
    units = [SealedWork(appends=(Append(f"user-{n}", (new_event(data=big.data),)),)) for n in range(12)]
    waiting = asyncio.gather(*(observed.writer.run(work_unit(unit)) for unit in units))
    await asyncio.sleep(0)
    held.release()
    await waiting
    assert observed.commits >= 3


async def test_a_unit_that_fails_leaves_its_neighbours_alone(database: Database) -> None:
    await database.create_tables(ACCOUNTS)

    def unit(number: int) -> SealedWork:
        match number % 4:
            case 1:  # a constraint breaks after the unit wrote something
                return SealedWork(statements=(insertion(f"lost {number}"), insertion("a"), insertion("a")))
            case 2:  # the second append fails after the first one was inserted
                first, second = Append(f"lost-{number}", (new_event(),)), Append("x-1", (new_event(),), Exactly(7))
                return SealedWork(appends=(first, second))
            case _:
                return SealedWork("", (insertion(f"kept {number}"),), (Append(f"kept-{number}", (new_event(),)),))

    kept, errors = await outcomes(database.committer.commit(unit(number)) for number in range(40))
    assert [type(outcome) for outcome in kept] == [Appended] * 20
    assert {type(error) for error in errors} == {ConstraintViolationError, WrongExpectedVersionError}
    events = (await database.store.read_all()).events
    assert {event.stream for event in events} == {f"kept-{n}" for n in range(40) if n % 4 in {0, 3}}
    assert [event.position for event in events] == sorted(outcome.position for outcome in kept)
    reader = database.open_reader()
    rows = await reader.fetch("SELECT id FROM accounts")
    await reader.close()
    assert {row["id"] for row in rows} == {f"kept {n}" for n in range(40) if n % 4 in {0, 3}}


async def test_what_is_decided_stays_so_when_the_writer_itself_fails(
    observed: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {"accounts": "CREATE TABLE accounts (id TEXT PRIMARY KEY ON CONFLICT ROLLBACK)"}
    await observed.writer.run(Action(lambda connection: create_tables(connection, tables)))
    await observed.writer.run(work_unit(SealedWork(statements=(insertion("a"),))))
    recoveries = iter([True])

    def break_the_second_time(connection: sqlite3.Connection) -> None:
        roll_back(connection)
        if not next(recoveries, False):
            raise MemoryError

    monkeypatch.setattr(writer_module, "roll_back", break_the_second_time)
    held = await observed.writer.hold(seconds=SECONDS, patience=SECONDS)  # so that all of them wait together
    units = [SealedWork(statements=(insertion(key),)) for key in "bac"]
    waiting = asyncio.gather(*(observed.writer.run(work_unit(unit)) for unit in units), return_exceptions=True)
    await asyncio.sleep(0)
    held.release()
    assert [type(outcome) for outcome in await waiting] == [Appended, OutcomeUnknownError, OutcomeUnknownError]


async def test_all_who_wait_hear_that_the_database_cannot_be_opened() -> None:
    class LockedError(Exception):
        def __init__(self, *, by: str) -> None:
            super().__init__(by)

    locked = LockedError(by="somebody")

    def refuse() -> sqlite3.Connection:
        raise locked

    writer = Writer(refuse, on_commit=lambda _: None)
    waiting = asyncio.gather(*(writer.run(work_unit(append(f"user-{n}"))) for n in range(2)), return_exceptions=True)
    await asyncio.sleep(0)
    with pytest.raises((DatabaseError, LockedError)):  # it may be served alone
        await writer.start()
    first, second = await waiting
    assert isinstance(first, DatabaseError)
    assert isinstance(second, DatabaseError)
    assert first is not second
    assert first.__cause__ is second.__cause__ is locked
    await writer.close()


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_full_disk_is_an_error_and_work_goes_on_when_there_is_room(database: Database, path: Path) -> None:
    for number in range(20):
        await database.store.append(f"user-{number}", [new_event()])
    size = (path.parent / f"{path.name}-wal").stat().st_size
    big = new_event(data=b'"' + b"x" * 400_000 + b'"')
    with files_no_larger_than(size + 100_000):
        appends = [("big-1", big), *((f"small-{number}", new_event()) for number in range(4))]
        kept, errors = await outcomes(database.store.append(stream, [event]) for stream, event in appends)
    assert len(kept) == 4
    assert [type(error) for error in errors] == [DatabaseFullError]
    assert not await database.store.read_stream("big-1")
    assert (await database.store.append("big-1", [big])).versions == {"big-1": 1}
    streams = [event.stream for event in (await database.store.read_all()).events]
    assert len(streams) == len(set(streams)) == 25


async def test_a_broken_rollback_is_survived(observed: Observed) -> None:
    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute("COMMIT")
        message = "a bug"
        raise RuntimeError(message)

    async with asyncio.timeout(SECONDS):
        kept, errors = await outcomes(
            [observed.writer.run(work_unit(append("user-1"))), observed.writer.run(Action(spoil))]
        )
        assert len(errors) >= 1
        await observed.writer.run(work_unit(append("user-2")))
    assert all(isinstance(outcome, Appended) for outcome in kept)


async def test_a_closed_connection_is_opened_again(observed: Observed) -> None:
    with pytest.raises(DatabaseError):
        await observed.writer.run(Action(lambda connection: connection.close()))
    assert (await observed.writer.run(work_unit(append("user-1")))).position == 1


async def test_closing_finishes_what_was_sent(make_database: Callable[..., Database]) -> None:
    database = make_database()
    await database.open()
    store = database.store
    sent = [asyncio.ensure_future(store.append(f"user-{number}", new_events(1))) for number in range(200)]
    await asyncio.sleep(0)
    await database.close()
    assert len(await asyncio.gather(*sent)) == 200
    with pytest.raises(NotStartedError):
        await store.append("user-0", new_events(1))
    with pytest.raises(NotStartedError):
        await store.head()
