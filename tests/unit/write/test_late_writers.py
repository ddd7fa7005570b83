"""Those who write late write between the seal and the commit, and end with their unit of work."""

from collections.abc import AsyncIterator

import pytest

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.errors import UncommittedWorkError, UnitOfWorkError, WorkAfterCommitError
from duolog.tables.statements import Statement
from duolog.testing.contracts.accounts import ACCOUNTS, accounts, insertion
from duolog.write.publishing import UnitTransactionManager
from duolog.write.unit_of_work import UnitOfWork


class Late:
    """Stages an account when it may."""

    def __init__(self, unit: UnitOfWork, *statements: Statement) -> None:
        self.unit = unit
        self.statements = statements
        self.said: list[str] = []
        self.fails = False

    @property
    def has_work(self) -> bool:
        return bool(self.statements)

    def seal(self) -> None:
        self.said.append("seal")

    async def flush(self) -> None:
        self.said.append("flush")
        if self.fails:
            raise ZeroDivisionError
        for statement in self.statements:
            await self.unit.stage_statement(statement)

    def end(self) -> None:
        self.said.append("end")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def unit(database: Database) -> UnitOfWork:
    await database.create_tables(ACCOUNTS)
    return UnitOfWork(
        store=database.store, committer=database.committer, codec=EventCodec(EventTypes(()), Tagger(b"secret"))
    )


async def _rows(database: Database) -> dict[str, int]:
    return await accounts(database.open_reader())


async def test_what_is_written_late_is_committed(unit: UnitOfWork, database: Database) -> None:
    late = Late(unit, insertion("2"))
    unit.join(late)
    await unit.stage_statement(insertion("1"))
    await unit.seal()
    assert late.said == ["seal"]
    await unit.finish()
    assert late.said[:3] == ["seal", "flush", "end"]
    assert await _rows(database) == {"1": 1, "2": 1}


async def test_a_failed_late_write_commits_nothing(unit: UnitOfWork, database: Database) -> None:
    late = Late(unit, insertion("2"))
    late.fails = True
    unit.join(late)
    await unit.stage_statement(insertion("1"))
    await unit.seal()
    with pytest.raises(ZeroDivisionError):
        await unit.finish()
    assert late.said == ["seal", "flush", "end"]
    assert await _rows(database) == {}


async def test_a_rolled_back_unit_ends_late_writers_without_a_flush(unit: UnitOfWork) -> None:
    late = Late(unit, insertion("1"))
    unit.join(late)
    await unit.rollback()
    await unit.rollback()
    assert late.said == ["end"]
    with pytest.raises(UnitOfWorkError):
        unit.join(Late(unit))


async def test_late_work_without_a_commit_is_an_error(unit: UnitOfWork, database: Database) -> None:
    UnitTransactionManager(unit)
    unit.join(Late(unit, insertion("1")))
    with pytest.raises(UncommittedWorkError):
        await unit.finish()
    assert await _rows(database) == {}


async def test_nobody_joins_or_stages_after_the_seal(unit: UnitOfWork) -> None:
    unit.join(Late(unit))
    await unit.seal()
    with pytest.raises(WorkAfterCommitError):
        unit.join(Late(unit))
    with pytest.raises(WorkAfterCommitError):
        await unit.stage_statement(insertion("1"))


async def test_a_writer_that_is_held_to_read_is_no_work(unit: UnitOfWork, database: Database) -> None:
    UnitTransactionManager(unit)
    await unit.hold_writer(to_write=False)
    assert await accounts(unit.reader) == {}
    await unit.finish()
    assert await _rows(database) == {}
