"""Rule `query-writes`: nothing that a query service is built from can write."""

from collections.abc import Iterator
from typing import Final, cast

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.structure import ApplicationStructure, Chain
from duolog.projections.view_database import ViewDatabase
from duolog.write.boundary import DecisionBoundary
from duolog.write.command_scheduler import CommandScheduler
from duolog.write.event_publisher import EventPublisher
from duolog.write.repository import EventSourcedRepository
from duolog.write.transaction_manager import TransactionManager
from duolog.write.unit_of_work import UnitOfWork
from duolog.write.write_database import WriteDatabase

_RULE: Final = "query-writes"
_PORTS: Final = (
    TransactionManager,
    EventPublisher,
    CommandScheduler,
    UnitOfWork,
    WriteDatabase,
    DecisionBoundary,
    ViewDatabase,
    EventSourcedRepository,
)


def check_purity(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find query services whose constructors lead to a write port or a repository."""
    for binding in structure.queries:
        service = cast("type", binding.handler)
        chains = [chain for cls, chain in structure.needs.get(service, {}).items() if _writes(cls)]
        if chains:
            shortest = min(chains, key=len)
            message = f"it reaches the write side: {_shown(shortest)}"
            advice = "Let it take a query gateway, whose adapter takes a ReadDatabase."
            yield from finding(_RULE, service, message, advice)


def _writes(cls: type) -> bool:
    return cls in _PORTS or EventSourcedRepository in cls.__mro__ or cls.__name__.endswith("Repository")


def _shown(chain: Chain) -> str:
    return " → ".join(cls.__name__ for cls in chain)
