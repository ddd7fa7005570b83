"""Checkpoints; they are written by the view's own transaction (view_session.py, views.py)."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, Final

from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.errors import CheckpointConflictError
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.processed import Processed, Stretch
from duolog.subscriptions.share import Share

_READ: Final = load_sql("read_checkpoints")
_READ_SHARE: Final = load_sql("read_checkpoint")
_READ_ALL: Final = load_sql("all_checkpoints")
_STRETCHES: Final = load_sql("read_stretches")
_END_STRETCH: Final = load_sql("end_stretch")
_MOVE: Final = load_sql("move_checkpoint")


class SqliteCheckpoints:
    """A `Checkpoints`.

    Args:
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers",)

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def read(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of the live generation's shares, by bucket; none if it never ran."""
        return await self._readers.run(lambda connection: read_live(connection, subscription))

    async def read_share(self, share: Share) -> Checkpoint | None:
        """Return the checkpoint of a share, or None if there is none that has these very buckets."""
        return await self._readers.run(lambda connection: read_share(connection, share))

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints of all generations, by share."""
        rows = await self._readers.run(lambda connection: connection.execute(_READ_ALL).fetchall())
        return [checkpoint_of(row) for row in rows]

    async def stretches(self, subscription: str, generation: int) -> Sequence[Stretch]:
        """Return what was counted before the checkpoints' own counts began; see `Checkpoints.stretches`."""
        values = {"subscription": subscription, "generation": generation}
        rows = await self._readers.run(lambda connection: connection.execute(_STRETCHES, values).fetchall())
        return [stretch_of(row) for row in rows]


def read_live(connection: sqlite3.Connection, subscription: str) -> list[Checkpoint]:
    """Return the checkpoints of the live generation's shares, by bucket."""
    return [checkpoint_of(row) for row in connection.execute(_READ, {"subscription": subscription})]


def read_share(connection: sqlite3.Connection, share: Share) -> Checkpoint | None:
    """Return the checkpoint of a share, or None if there is none that has these very buckets."""
    row = connection.execute(_READ_SHARE, share_values(share)).fetchone()
    return None if row is None else checkpoint_of(row)


def move_checkpoint(connection: sqlite3.Connection, move: CheckpointMove, *, wrote: bool) -> None:
    """Move a checkpoint in the open transaction.

    Raises:
        CheckpointConflictError: the checkpoint or its token is not what ``move`` says.
    """
    if move.ends_stretch and (known := read_share(connection, move.share)) is not None and known.position == move.old:
        end_stretch(connection, move.share)
    moved = connection.execute(
        _MOVE,
        {
            **share_values(move.share),
            "version": move.version,
            "token": move.token,
            "old": move.old,
            "new": move.new,
            "now": time.time_ns() // 1_000,
            "wrote": wrote,
            "ends": move.ends_stretch,
            "counted": move.processed.count,
            "digest": move.processed.digest,
        },
    )
    if moved.rowcount != 1:
        message = f"the checkpoint of {move.share} is not at position {move.old} with token {move.token}"
        raise CheckpointConflictError(message, hint="Another owner works on it; read the checkpoint again.")


def end_stretch(connection: sqlite3.Connection, share: Share) -> None:
    """Keep what a share has counted up to its position, in the open transaction."""
    connection.execute(_END_STRETCH, share_values(share))


def share_values(share: Share) -> dict[str, Any]:
    """Return the parameters that say which share."""
    buckets = share.buckets
    return {
        "subscription": share.subscription,
        "generation": share.generation,
        "lo": buckets.lo,
        "hi": buckets.hi,
    }


def checkpoint_of(row: Sequence[Any]) -> Checkpoint:
    """Make a checkpoint of its columns."""
    version, position, token, updated_at, changes, counted_after, counted, digest = row[4:]
    processed = Processed(counted, digest)
    return Checkpoint(Share.of(*row[:4]), version, position, token, updated_at, changes, counted_after, processed)


def stretch_of(row: Sequence[Any]) -> Stretch:
    """Make a stretch of its columns."""
    return Stretch(Share.of(*row[:4]), row[4], row[5], Processed(row[6], row[7]))
