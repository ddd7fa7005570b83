"""The note that carries a query's session through its pipeline."""

from collections.abc import Callable, Mapping

import msgspec

from duolog.tables.ports import QuerySnapshot
from duolog.tables.replica_snapshots import ReplicaSnapshot, SnapshotNeed
from duolog.tables.view_changes import ViewVersion

OpenReplica = Callable[[SnapshotNeed], ReplicaSnapshot]


class ReadScope(msgspec.Struct, eq=False):  # made for every query, and a struct is made fastest
    """The note that carries a query's session, which is opened when something asks for it.

    Args:
        open_reader: makes the session.
        open_replica: makes one that may read a replica, instead; None where the query must not.
        need: what a replica must have.
        opened: the session, once something has asked for it.
        replica: the same, if it may read a replica.
    """

    open_reader: Callable[[], QuerySnapshot]
    open_replica: OpenReplica | None = None
    need: SnapshotNeed | None = None
    opened: QuerySnapshot | None = None
    replica: ReplicaSnapshot | None = None

    @property
    def session(self) -> QuerySnapshot:
        """Reads one snapshot."""
        if self.opened is None:
            if self.open_replica is None:
                self.opened = self.open_reader()
            else:
                self.opened = self.replica = self.open_replica(self.need or SnapshotNeed())
        return self.opened

    @property
    def is_behind(self) -> bool:
        """Whether a replica is read, so that the database itself may have gone on before the snapshot was taken."""
        return self.replica is not None and self.replica.is_behind

    @property
    def is_lost(self) -> bool:
        """Whether a replica failed when some of the snapshot had been read."""
        return self.replica is not None and self.replica.is_lost

    def require(self, versions: Mapping[str, ViewVersion]) -> None:
        """Let a replica do only if views have come to these versions there, at least; before anything is read."""
        if self.need is not None:
            self.need = self.need.at_least(versions)
