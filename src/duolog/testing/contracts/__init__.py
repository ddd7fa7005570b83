"""The contract suites that every backend passes: subclass each in a test file that supplies a ``database`` fixture."""

import pkgutil

import pytest

_SUITES = (
    "accounts",
    "appending",
    "boundaries",
    "databases",
    "generations",
    "guarded_keys",
    "held_writers",
    "idempotency",
    "inline_views",
    "leases",
    "process_states",
    "read_sessions",
    "reading",
    "sample_log",
    "samples",
    "scheduling",
    "shares",
    "snapshots",
    "subscribing",
    "tables",
    "transfers",
    "units",
    "unknown_outcomes",
    "view_sessions",
)
pytest.register_assert_rewrite(*(f"{__name__}.{suite}" for suite in _SUITES))
pytest.register_assert_rewrite(*(f"{__name__}.{suite.name}" for suite in pkgutil.iter_modules(__path__)))

# ruff: noqa: E402 - the suites are imported after it is arranged that their asserts show values
from duolog.testing.contracts.appending import AppendingContract
from duolog.testing.contracts.boundaries import BoundaryContract
from duolog.testing.contracts.cache_levels import CacheLevelContract
from duolog.testing.contracts.databases import DatabaseContract
from duolog.testing.contracts.gateways import GatewayContract
from duolog.testing.contracts.generations import GenerationContract
from duolog.testing.contracts.guarded_keys import GuardedKeysContract
from duolog.testing.contracts.held_writers import HeldWriterContract
from duolog.testing.contracts.idempotency import IdempotencyContract
from duolog.testing.contracts.inline_views import InlineViewContract
from duolog.testing.contracts.leases import LeaseContract
from duolog.testing.contracts.materialized_views import MaterializedViewContract
from duolog.testing.contracts.moved_logs import MovedLogContract
from duolog.testing.contracts.pauses import PauseContract
from duolog.testing.contracts.process_states import ProcessStateContract
from duolog.testing.contracts.read_sessions import ReadSessionContract
from duolog.testing.contracts.reading import ReadingContract
from duolog.testing.contracts.row_streams import RowStreamContract
from duolog.testing.contracts.scheduling import SchedulingContract
from duolog.testing.contracts.shares import ShareContract
from duolog.testing.contracts.snapshots import SnapshotContract
from duolog.testing.contracts.subscribing import SubscriptionContract
from duolog.testing.contracts.switches import SwitchContract
from duolog.testing.contracts.tables import TablesContract
from duolog.testing.contracts.transfers import TransferContract
from duolog.testing.contracts.units import UnitOfWorkContract
from duolog.testing.contracts.unknown_outcomes import UnknownOutcomeContract
from duolog.testing.contracts.view_changes import ViewChangesContract
from duolog.testing.contracts.view_parking import ViewParkingContract
from duolog.testing.contracts.view_preparation import ViewPreparationContract
from duolog.testing.contracts.view_sessions import ViewSessionContract

__all__ = [
    "AppendingContract",
    "BoundaryContract",
    "CacheLevelContract",
    "DatabaseContract",
    "GatewayContract",
    "GenerationContract",
    "GuardedKeysContract",
    "HeldWriterContract",
    "IdempotencyContract",
    "InlineViewContract",
    "LeaseContract",
    "MaterializedViewContract",
    "MovedLogContract",
    "PauseContract",
    "ProcessStateContract",
    "ReadSessionContract",
    "ReadingContract",
    "RowStreamContract",
    "SchedulingContract",
    "ShareContract",
    "SnapshotContract",
    "SubscriptionContract",
    "SwitchContract",
    "TablesContract",
    "TransferContract",
    "UnitOfWorkContract",
    "UnknownOutcomeContract",
    "ViewChangesContract",
    "ViewParkingContract",
    "ViewPreparationContract",
    "ViewSessionContract",
]
