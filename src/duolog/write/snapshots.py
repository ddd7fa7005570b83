"""Snapshots: the state of an entity at a version of its stream, from which a load goes on instead of from the start.

A snapshot is a copy that may be missing, old or unreadable at any time: the events decide.
"""

from dataclasses import dataclass
from typing import Protocol

import msgspec

from duolog.codec.snapshot_types import snapshot_spec


class StoredSnapshot(msgspec.Struct, frozen=True, gc=False):
    """A snapshot as it is stored.

    Attributes:
        stream: the entity's stream.
        version: the stream's version that it stands for, from 1.
        type: stable name of its type.
        schema_version: version of the type's schema.
        data: the encoded state.
    """

    stream: str
    version: int
    type: str
    schema_version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """Says of which class an entity's snapshots are, and how often one is taken.

    Attributes:
        state: the class of the state, with ``@snapshot``.
        every: a save takes a snapshot when the last one is so many versions back, 1 or more.
    """

    state: type
    every: int = 100

    def __post_init__(self) -> None:
        """Check the class's name and the number."""
        snapshot_spec(self.state)
        if self.every < 1:
            message = "a snapshot is taken every 1 or more versions"
            raise ValueError(message)


class SnapshotStore(Protocol):
    """Reads snapshots: one, the latest, of a stream.

    They are written by the `WorkCommitter`, in the transaction of the events that they cover.
    """

    async def load(self, stream: str, *, tenant: str = "") -> StoredSnapshot | None:
        """Return the snapshot of a stream, or None.

        Args:
            stream: the stream's name.
            tenant: whose stream it is.

        Raises:
            DatabaseError: the database failed.
        """
        ...
