"""The replicas of a database: copies that follow it, and answer queries in its stead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from duolog.database.examination import Examination
from duolog.errors import ConfigurationError
from duolog.tables.replica_snapshots import ReplicaSnapshot, SnapshotNeed


@dataclass(frozen=True, slots=True)
class ReplicaPace:
    """How replicas are looked after.

    Attributes:
        lag_seconds: one that is further behind gets no queries.
        look_seconds: so often each is looked at.
    """

    lag_seconds: float
    look_seconds: float


@dataclass(frozen=True, slots=True)
class ReplicaStatus:
    """How a replica is doing, as this process saw it last.

    Attributes:
        name: its server and database, without user and password.
        is_used: whether it gets queries.
        lag: how far it is behind, in seconds; None if that is not known.
        trouble: why it gets no queries; empty if it does.
        snapshots: how many queries it has answered, or begun to.
    """

    name: str
    is_used: bool
    lag: float | None = None
    trouble: str = ""
    snapshots: int = 0


class Replicas(Protocol):
    """The replicas of one database, which is open while they are.

    `open` comes first and `close` last. One that fails, lags or cannot be reached gets no queries until it is well.
    """

    async def open(self) -> None:
        """Look at each replica once, and from then on from time to time.

        From now on each snapshot has whatever was committed before. One that cannot be reached is no error.

        Raises:
            NotAReplicaError: one is a primary, or follows another log.
            DatabaseError: the database itself failed.
        """
        ...

    async def close(self) -> None:
        """Disconnect. May be called twice, and without `open`."""
        ...

    async def require_now(self) -> None:
        """Let each snapshot from now on have whatever was committed before.

        Raises:
            DatabaseError: the database itself failed.
        """
        ...

    def open_reader(self, need: SnapshotNeed, *, seconds: float | None = None) -> ReplicaSnapshot:
        """Open a session that reads one snapshot, of a replica that has what is needed, else of the database itself.

        Args:
            need: what the snapshot must have.
            seconds: time limit of one statement; None for none.
        """
        ...

    def statuses(self) -> Sequence[ReplicaStatus]:
        """Tell how each replica is doing."""
        ...

    async def examine(self) -> Sequence[Examination]:
        """Look at each replica once, without `open`; the database itself is open."""
        ...


def refuse_replicas(scheme: str) -> NoReturn:
    """Refuse replicas of a backend that has none.

    Raises:
        ConfigurationError: always.
    """
    message = f"a {scheme} database has no replicas"
    raise ConfigurationError(message, hint="Only PostgreSQL has them: leave replicas=[...] out.")
