"""The database in memory keeps every contract."""

from collections.abc import AsyncIterator, Callable

import pytest

from duolog.adapters.memory import open_database
from duolog.database.port import Database
from duolog.testing import contracts


@pytest.fixture
def make_database() -> Callable[[], Database]:
    return lambda: open_database("memory://")


@pytest.fixture
async def database(make_database: Callable[[], Database]) -> AsyncIterator[Database]:
    database = make_database()
    await database.open()
    yield database
    await database.close()


class TestAppending(contracts.AppendingContract): ...


class TestReading(contracts.ReadingContract): ...


class TestSubscriptions(contracts.SubscriptionContract): ...


class TestBoundaries(contracts.BoundaryContract): ...


class TestUnitsOfWork(contracts.UnitOfWorkContract): ...


class TestSnapshots(contracts.SnapshotContract): ...


class TestHeldWriters(contracts.HeldWriterContract): ...


class TestIdempotency(contracts.IdempotencyContract): ...


class TestUnknownOutcomes(contracts.UnknownOutcomeContract): ...


class TestReadSessions(contracts.ReadSessionContract): ...


class TestViewPreparation(contracts.ViewPreparationContract): ...


class TestViewParking(contracts.ViewParkingContract): ...


class TestViewSessions(contracts.ViewSessionContract): ...


class TestLeases(contracts.LeaseContract): ...


class TestTables(contracts.TablesContract): ...


class TestDatabase(contracts.DatabaseContract): ...


class TestTransfers(contracts.TransferContract): ...
