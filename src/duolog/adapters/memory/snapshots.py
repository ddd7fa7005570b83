"""Snapshots, in a dict."""

from collections.abc import Sequence

from duolog.database.transfer import TenantSnapshot
from duolog.write.snapshots import StoredSnapshot


class MemorySnapshots:
    """A `SnapshotStore`, written in the step that commits the events."""

    __slots__ = ("_latest",)

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], StoredSnapshot] = {}

    async def load(self, stream: str, *, tenant: str = "") -> StoredSnapshot | None:
        """Return the snapshot of a stream, or None."""
        return self._latest.get((tenant, stream))

    def save(self, snapshots: Sequence[StoredSnapshot], tenant: str) -> None:
        """Put snapshots in the place of their streams' former ones."""
        for snapshot in snapshots:
            self._latest[tenant, snapshot.stream] = snapshot

    def all(self) -> Sequence[TenantSnapshot]:
        """Return all snapshots, by tenant and stream."""
        return [TenantSnapshot(at[0], self._latest[at]) for at in sorted(self._latest)]

    def replace(self, snapshots: Sequence[TenantSnapshot]) -> None:
        """Put these in the place of all others."""
        self._latest = {(each.tenant, each.snapshot.stream): each.snapshot for each in snapshots}
