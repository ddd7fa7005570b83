"""What readers of the log may take for settled while others write, prepare and roll back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from duolog.adapters.postgres import open_database
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.errors import SchemaError
from duolog.subscriptions.delay import delay_after
from duolog.testing.contracts.samples import following, new_events
from tests.integration.postgres.logs import append, opened, session


@pytest.fixture
def url(fresh_postgres_url: str) -> str:
    return fresh_postgres_url


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    async with opened(url) as database:
        yield database


@pytest.fixture
async def slow(url: str, database: PostgresDatabase) -> AsyncIterator[Connection]:  # noqa: ARG001 - the schema is there
    async with session(url) as connection:
        yield connection


async def positions(database: PostgresDatabase) -> list[int]:
    """The positions that a reader of the whole log gets."""
    return [event.position for event in (await database.store.read_all()).events]


async def test_a_later_commit_waits_for_an_earlier_position(database: PostgresDatabase, slow: Connection) -> None:
    """An event above an open transaction's position is held back, and comes behind that one."""
    await slow.execute("BEGIN")
    first = await append(slow, "slow-1")
    second = (await database.store.append("fast-1", new_events(1))).position
    assert second > first
    assert await positions(database) == []
    await slow.execute("COMMIT")
    assert await positions(database) == [first, second]


async def test_what_readers_are_kept_from_counts_as_waiting(database: PostgresDatabase, slow: Connection) -> None:
    """A view is as old as the first event that it lacks, whoever keeps it from that."""
    await slow.execute("BEGIN")
    await append(slow, "slow-1")
    assert await delay_after(database.store, 0) == 0  # nobody else sees it
    await database.store.append("fast-1", new_events(1))
    await asyncio.sleep(0.05)
    assert await positions(database) == []
    assert 0.05 <= await delay_after(database.store, 0) < 60
    await slow.execute("ROLLBACK")


async def test_a_rolled_back_position_is_passed(database: PostgresDatabase, slow: Connection) -> None:
    """A hole is settled as soon as its transaction has ended."""
    await slow.execute("BEGIN")
    hole = await append(slow, "slow-1")
    later = (await database.store.append("fast-1", new_events(1))).position
    await slow.execute("ROLLBACK")
    page = await database.store.read_all()
    assert ([event.position for event in page.events], page.through) == ([later], later)
    assert hole < later


async def test_a_transaction_that_has_not_appended_delays_nobody(database: PostgresDatabase, slow: Connection) -> None:
    """Only who has drawn a position is waited for, however long others have been open and whatever they wrote."""
    await slow.execute("CREATE TABLE other (id integer); BEGIN; INSERT INTO other VALUES (1)")
    position = (await database.store.append("fast-1", new_events(1))).position
    assert await positions(database) == [position]


async def test_a_prepared_transaction_is_waited_for(database: PostgresDatabase, slow: Connection) -> None:
    """It has no process any more, and still holds its position, also for who began to wait before it was prepared."""
    await slow.execute("BEGIN")
    first = await append(slow, "slow-1")
    second = (await database.store.append("fast-1", new_events(1))).position
    assert await positions(database) == []  # a barrier that waits for the open transaction
    await slow.execute("PREPARE TRANSACTION 'slow'")
    assert await positions(database) == []
    await slow.execute("COMMIT PREPARED 'slow'")
    assert await positions(database) == [first, second]


async def test_a_roll_back_to_a_savepoint_opens_no_hole(database: PostgresDatabase, slow: Connection) -> None:
    """It releases the lock that was taken behind the savepoint; the next append takes it again."""
    await slow.execute("BEGIN; SAVEPOINT a")
    await append(slow, "slow-1")
    await slow.execute("ROLLBACK TO SAVEPOINT a")
    first = await append(slow, "slow-2")
    second = (await database.store.append("fast-1", new_events(1))).position
    assert await positions(database) == []
    await slow.execute("COMMIT")
    assert await positions(database) == [first, second]


async def test_an_unbroken_run_is_delivered_at_once(database: PostgresDatabase, slow: Connection) -> None:
    """Below the first position that is missing, nothing has to be waited for."""
    before = [(await database.store.append("fast-1", new_events(1))).position for _ in range(2)]
    assert await positions(database) == before
    await slow.execute("BEGIN")
    await slow.execute('SELECT "duolog".take_fence()')  # inside, but without a position so far
    run = [(await database.store.append("fast-1", new_events(1))).position for _ in range(2)]
    assert await positions(database) == before + run
    missing = await append(slow, "slow-1")
    later = (await database.store.append("fast-1", new_events(1))).position
    assert await positions(database) == before + run
    await slow.execute("COMMIT")
    assert await positions(database) == [*before, *run, missing, later]


async def test_nothing_is_settled_above_the_last_event(database: PostgresDatabase, slow: Connection) -> None:
    """A crash may give out positions again that no commit has made durable, so they are not passed."""
    last = (await database.store.append("fast-1", new_events(1))).position
    await slow.execute("BEGIN")
    await append(slow, "slow-1")
    await slow.execute("ROLLBACK")
    assert (await database.store.read_all()).through == last


async def test_a_subscriber_waits_for_the_open_transaction_and_no_longer(
    database: PostgresDatabase, slow: Connection
) -> None:
    """What was held back comes in order as soon as the transaction has ended, also if nothing more is appended."""
    async with following(database.store.subscribe()) as pages:
        await slow.execute("BEGIN")
        first = await append(slow, "slow-1")
        second = (await database.store.append("fast-1", new_events(1))).position
        await slow.execute("COMMIT")
        found = list[int]()
        while len(found) < 2:
            found += [event.position for event in (await anext(pages)).events]
        assert found == [first, second]


async def test_the_horizon_outlives_the_process(url: str, database: PostgresDatabase, slow: Connection) -> None:
    """Who opens the log while somebody is stuck inside the fence reads at once what others knew to be settled."""
    settled = (await database.store.append("fast-1", new_events(1))).position
    assert await positions(database) == [settled]
    await slow.execute("BEGIN")
    await append(slow, "slow-1")
    await database.store.append("fast-1", new_events(1))
    async with opened(url) as other:
        assert await positions(other) == [settled]


@pytest.mark.parametrize("change", ["CACHE 32", "INCREMENT BY 2", "CYCLE"])
async def test_an_altered_sequence_is_refused(
    url: str, database: PostgresDatabase, slow: Connection, change: str
) -> None:
    """What the proof stands on is looked at when the log is opened."""
    await database.close()
    await slow.execute(f'ALTER SEQUENCE "duolog".positions {change}')
    with pytest.raises(SchemaError):
        await open_database(url).open()


async def test_a_sequence_that_was_set_back_is_refused(url: str, database: PostgresDatabase, slow: Connection) -> None:
    """Positions that would be drawn again are refused when the log is opened."""
    await database.store.append("fast-1", new_events(3))
    await database.close()
    await slow.execute("""SELECT setval('"duolog".positions', 1)""")
    with pytest.raises(SchemaError):
        await open_database(url).open()
