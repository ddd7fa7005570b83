"""Measures what replicas do, through opentelemetry-api."""

from enum import Enum
from typing import Final

from duolog.telemetry import (
    ATTRIBUTE_OUTCOME,
    ATTRIBUTE_REPLICA,
    METRIC_REPLICA_LAG,
    METRIC_REPLICA_SNAPSHOTS,
    METRIC_REPLICA_USED,
    find_meter,
)

_PRIMARY: Final = "primary"


class Outcome(Enum):
    """What came of asking a replica for a snapshot."""

    READ = "read"
    BEHIND = "behind"
    FAILED = "failed"


class ReplicaMeter:
    """Counts, and sets the gauges, where somebody listens."""

    __slots__ = ("_lag", "_snapshots", "_used")

    def __init__(self) -> None:
        meter = find_meter()
        self._snapshots = self._lag = self._used = None
        if meter is not None:
            self._snapshots = meter.create_counter(
                METRIC_REPLICA_SNAPSHOTS, unit="{snapshot}", description="Snapshots that queries asked replicas for."
            )
            self._lag = meter.create_gauge(METRIC_REPLICA_LAG, unit="s", description="How far a replica is behind.")
            self._used = meter.create_gauge(
                METRIC_REPLICA_USED, unit="{replica}", description="Whether a replica gets queries: 1 or 0."
            )

    def count(self, name: str, outcome: Outcome) -> None:
        """Count what came of asking a replica."""
        if self._snapshots is not None:
            self._snapshots.add(1, {ATTRIBUTE_REPLICA: name, ATTRIBUTE_OUTCOME: outcome.value})

    def count_primary(self) -> None:
        """Count a query that the database itself answers."""
        self.count(_PRIMARY, Outcome.READ)

    def measure(self, name: str, *, is_used: bool, lag: float | None) -> None:
        """Set the gauges of a replica; a lag that is not known leaves the last one."""
        if self._used is not None and self._lag is not None:
            self._used.set(int(is_used), {ATTRIBUTE_REPLICA: name})
            if lag is not None:
                self._lag.set(lag, {ATTRIBUTE_REPLICA: name})
