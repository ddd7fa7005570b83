"""The contract suites, listed once: a backend's test file takes them all and supplies `make_database`."""

import pytest

from duolog.testing import contracts

__all__ = [
    "TestAppending",
    "TestBoundaries",
    "TestDatabase",
    "TestGateways",
    "TestGenerations",
    "TestHeldWriters",
    "TestIdempotency",
    "TestInlineViews",
    "TestLeases",
    "TestMaterializedViews",
    "TestMovedLogs",
    "TestPauses",
    "TestProcessStates",
    "TestReadSessions",
    "TestReading",
    "TestRowStreams",
    "TestScheduling",
    "TestShares",
    "TestSnapshots",
    "TestSubscriptions",
    "TestSwitches",
    "TestTables",
    "TestTransfers",
    "TestUnitsOfWork",
    "TestUnknownOutcomes",
    "TestViewChanges",
    "TestViewParking",
    "TestViewPreparation",
    "TestViewSessions",
]


class TestAppending(contracts.AppendingContract): ...


class TestReading(contracts.ReadingContract): ...


class TestSubscriptions(contracts.SubscriptionContract): ...


class TestBoundaries(contracts.BoundaryContract): ...


class TestUnitsOfWork(contracts.UnitOfWorkContract): ...


class TestSnapshots(contracts.SnapshotContract): ...


class TestGateways(contracts.GatewayContract): ...


class TestRowStreams(contracts.RowStreamContract): ...


class TestScheduling(contracts.SchedulingContract): ...


class TestProcessStates(contracts.ProcessStateContract): ...


class TestHeldWriters(contracts.HeldWriterContract): ...


class TestInlineViews(contracts.InlineViewContract): ...


class TestIdempotency(contracts.IdempotencyContract): ...


class TestUnknownOutcomes(contracts.UnknownOutcomeContract): ...


class TestReadSessions(contracts.ReadSessionContract): ...


class TestViewPreparation(contracts.ViewPreparationContract): ...


class TestMaterializedViews(contracts.MaterializedViewContract): ...


class TestViewChanges(contracts.ViewChangesContract): ...


class TestViewParking(contracts.ViewParkingContract): ...


class TestViewSessions(contracts.ViewSessionContract): ...


class TestPauses(contracts.PauseContract): ...


class TestLeases(contracts.LeaseContract): ...


class TestTables(contracts.TablesContract): ...


class TestDatabase(contracts.DatabaseContract):
    @pytest.fixture
    def fresh_postgres_url(self, empty_postgres_url: str) -> str:
        """Opening is to make the schema, too."""
        return empty_postgres_url


class TestTransfers(contracts.TransferContract): ...


class TestMovedLogs(contracts.MovedLogContract): ...


class TestShares(contracts.ShareContract): ...


class TestGenerations(contracts.GenerationContract): ...


class TestSwitches(contracts.SwitchContract): ...
