"""What SQL in SQLite's dialect may try, and must not achieve."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from duolog.database.port import Database, View
from duolog.errors import ConstraintViolationError, DatabaseError, DuologError, StatementError
from duolog.eventstore.appends import Append
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.share import Share
from duolog.tables.statements import Constraint, Statement
from duolog.testing.contracts.samples import SECONDS, new_events, outcomes
from duolog.write.sealed_work import SealedWork
from tests.contract.backends import SQLITE_BACKENDS

TABLES = {
    "owners": "CREATE TABLE owners (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)",
    "pets": """
        CREATE TABLE pets (
            id INTEGER PRIMARY KEY,
            owner INTEGER REFERENCES owners (id) DEFERRABLE INITIALLY DEFERRED
        );
        CREATE TRIGGER pets_stay BEFORE DELETE ON pets BEGIN SELECT RAISE(ROLLBACK, 'pets stay'); END;
    """,
}
OWNER = "INSERT INTO owners (id) VALUES (:id)"
ENDS_TRANSACTION = OWNER  # if the owner is there


class OwnerThereError(Exception):
    """An application's error that cannot be copied."""

    def __init__(self, *, owner: int) -> None:
        super().__init__(f"{owner} is there")
        self.owner = owner


@pytest.fixture(params=SQLITE_BACKENDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    database = SQLITE_BACKENDS[request.param](tmp_path)
    await database.open()
    await database.create_tables(TABLES)
    yield database
    await database.close()


async def owners(database: Database) -> set[int]:
    reader = database.open_reader()
    try:
        return {row["id"] for row in await reader.fetch("SELECT id FROM owners")}
    finally:
        await reader.close()


async def test_a_statement_that_ends_the_transaction_fails_its_own_unit_only(database: Database) -> None:
    await database.committer.commit(SealedWork(statements=(Statement(OWNER, {"id": 1}),)))

    def unit(number: int) -> SealedWork:
        statements = [Statement(OWNER, {"id": number})]
        if number % 4 == 0:
            statements.append(Statement(ENDS_TRANSACTION, {"id": 1}))
        return SealedWork("", tuple(statements), (Append(f"owner-{number}", tuple(new_events(1))),))

    async with asyncio.timeout(SECONDS):
        committed, errors = await outcomes(database.committer.commit(unit(number)) for number in range(2, 22))
    assert len(committed) == 15
    assert all(isinstance(error, DuologError) for error in errors)
    kept = {number for number in range(2, 22) if number % 4}
    assert await owners(database) == kept | {1}
    assert {event.stream for event in (await database.store.read_all()).events} == {f"owner-{n}" for n in kept}


async def test_a_domain_error_of_a_statement_that_ends_the_transaction_is_its_own_units(database: Database) -> None:
    await database.committer.commit(SealedWork(statements=(Statement(OWNER, {"id": 1}),)))
    doubled = Statement(OWNER, {"id": 1}, errors={Constraint("owners", ("id",)): lambda: OwnerThereError(owner=1)})
    units = [SealedWork(statements=(Statement(OWNER, {"id": number}),)) for number in range(2, 6)]
    units.insert(2, SealedWork(statements=(doubled,)))
    async with asyncio.timeout(SECONDS):
        committed, errors = await outcomes(database.committer.commit(unit) for unit in units)
    assert len(committed) == 4
    assert [type(error) for error in errors] == [OwnerThereError]
    assert await owners(database) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT OR ROLLBACK INTO owners (id) VALUES (7)",
        "with ids as (select 7) insert or /* why */ rollback into owners (id) select * from ids",
        "UPDATE OR --\nROLLBACK owners SET id = 7",
    ],
)
async def test_a_statement_may_not_ask_for_the_transaction_to_be_ended(database: Database, sql: str) -> None:
    with pytest.raises(StatementError, match="OR ROLLBACK is not allowed"):
        await database.committer.commit(SealedWork(statements=(Statement(sql),)))
    quoted = Statement("INSERT INTO owners (id) SELECT 7 WHERE 'insert or rollback' <> ''")
    await database.committer.commit(SealedWork(statements=(quoted,)))
    assert await owners(database) == {7}


async def test_a_trigger_that_ends_the_transaction_fails_its_own_unit_only(database: Database) -> None:
    pet = Statement("INSERT INTO pets (id) VALUES (:id)", {"id": 1})
    await database.committer.commit(SealedWork(statements=(pet,)))
    units = [SealedWork(statements=(Statement(OWNER, {"id": number}),)) for number in range(3)]
    units.insert(1, SealedWork(statements=(Statement(OWNER, {"id": 9}), Statement("DELETE FROM pets"))))
    async with asyncio.timeout(SECONDS):
        committed, errors = await outcomes(database.committer.commit(unit) for unit in units)
    assert len(committed) == 3
    assert [isinstance(error, DatabaseError) for error in errors] == [True]
    assert await owners(database) == {0, 1, 2}


async def test_a_deferred_constraint_fails_its_own_unit_only(database: Database) -> None:
    orphan = Statement("INSERT INTO pets (id, owner) VALUES (:id, :owner)", {"id": 1, "owner": 77})
    units = [SealedWork(statements=(Statement(OWNER, {"id": number}),)) for number in range(3)]
    units.insert(1, SealedWork("", (orphan,), (Append("pet-1", tuple(new_events(1))),)))
    async with asyncio.timeout(SECONDS):
        committed, errors = await outcomes(database.committer.commit(unit) for unit in units)
    assert len(committed) == 3
    assert [type(error) for error in errors] == [ConstraintViolationError]
    assert await owners(database) == {0, 1, 2}
    assert not await database.store.read_stream("pet-1")


async def test_a_held_writer_whose_transaction_was_ended_commits_nothing(database: Database) -> None:
    await database.committer.commit(SealedWork(statements=(Statement(OWNER, {"id": 1}),)))
    writer = await database.committer.hold_writer(seconds=SECONDS)
    await writer.run(Statement(OWNER, {"id": 2}))
    with pytest.raises(DatabaseError):
        await writer.run(Statement(ENDS_TRANSACTION, {"id": 1}))
    with pytest.raises(DatabaseError):
        await writer.run(Statement(OWNER, {"id": 3}))
    with pytest.raises(DatabaseError):
        await writer.commit(SealedWork("", (), (Append("owner-3", tuple(new_events(1))),)))
    await writer.close()
    assert await owners(database) == {1}
    assert not await database.store.read_stream("owner-3")


async def test_a_batch_whose_transaction_was_ended_commits_nothing(database: Database) -> None:
    view = View("owners_view", 1, {"seen": "CREATE TABLE seen (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)"})
    await database.prepare_view(view)
    session = database.open_view(view)
    await session.execute("INSERT INTO seen (id) VALUES (1)")
    await session.flush()
    with pytest.raises(DatabaseError):
        await session.execute_now("INSERT INTO seen (id) VALUES (1)")
    await session.execute("INSERT INTO seen (id) VALUES (2)")
    with pytest.raises(DatabaseError):
        await session.commit(CheckpointMove(Share("owners_view"), 1, 0, 0, 7))
    await session.close()
    reader = database.open_reader()
    assert await reader.fetch_value("SELECT count(*) FROM seen") == 0
    await reader.close()
    (checkpoint,) = await database.checkpoints.read("owners_view")
    assert checkpoint.position == 0
