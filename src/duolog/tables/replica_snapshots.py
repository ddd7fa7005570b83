"""What a query's snapshot must have, so that it may be a replica's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from duolog.tables.ports import QuerySnapshot
from duolog.tables.view_changes import ViewChanges, ViewVersion


@dataclass(frozen=True, slots=True)
class SnapshotNeed:
    """What a snapshot must have.

    Attributes:
        views: projections that follow the log, whose views the query reads.
        first: the first position that was asked for; 0 if none was.
        last: the last one; the snapshot must have it, and the views must have applied it rather than parked it.
        versions: by view, the least that it must have come to.
        own_commits: the snapshot must have whatever this process has committed.
    """

    views: tuple[str, ...] = ()
    first: int = 0
    last: int = 0
    versions: Mapping[str, ViewVersion] = field(default_factory=dict[str, ViewVersion])
    own_commits: bool = False

    def after(self, first: int, last: int) -> "SnapshotNeed":
        """Return the same need, with positions that were asked for."""
        return replace(self, first=first, last=last)

    def at_least(self, versions: Mapping[str, ViewVersion]) -> "SnapshotNeed":
        """Return the same need, with what views must have come to at least."""
        return replace(self, versions=versions)

    @property
    def is_checked(self) -> bool:
        """Whether the snapshot must be looked at."""
        return bool(self.last or self.versions)

    @property
    def looked_at(self) -> Sequence[str]:
        """The views that are to be looked at."""
        return sorted({*self.views, *self.versions})

    def is_met(self, changes: Mapping[str, ViewChanges]) -> bool:
        """Tell whether views are far enough.

        Args:
            changes: what they have come to in the snapshot; one that never ran there is missing.
        """
        if self.last and any(view not in changes or changes[view].position < self.last for view in self.views):
            return False
        return all(
            changes[view].version >= least if view in changes else not any(least)
            for view, least in self.versions.items()
        )


class ReplicaSnapshot(QuerySnapshot, Protocol):
    """The session of a query's scope that may read a replica; which one, or the database itself, its first read says.

    What fails at a replica before anything of it was read is read from the database itself, unnoticed.
    """

    @property
    def is_behind(self) -> bool:
        """Whether it reads a replica, so that the database itself may have gone on before the snapshot was taken."""
        ...

    @property
    def is_lost(self) -> bool:
        """Whether a replica failed when some of the snapshot had been read: all must be read again elsewhere."""
        ...
