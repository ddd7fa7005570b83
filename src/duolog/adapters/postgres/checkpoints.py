"""Checkpoints; they are written by the view's own transaction (view_session.py, views.py)."""

from collections.abc import Sequence
from typing import Any

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import CheckpointConflictError
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.processed import Processed, Stretch
from duolog.subscriptions.share import Share


class PostgresCheckpoints:
    """A `Checkpoints`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    async def read(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of the live generation's shares, by bucket; none if it never ran."""
        rows = await self._connections.fetch(load_sql("read_checkpoints", self._schema), subscription)
        return [checkpoint_of(row) for row in rows]

    async def read_share(self, share: Share) -> Checkpoint | None:
        """Return the checkpoint of a share, or None if there is none that has these very buckets."""
        sql = load_sql("read_checkpoint", self._schema)
        row = await self._connections.fetch_row(sql, *share_columns(share))
        return None if row is None else checkpoint_of(row)

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints of all generations, by share."""
        return [checkpoint_of(row) for row in await self._connections.fetch(load_sql("all_checkpoints", self._schema))]

    async def stretches(self, subscription: str, generation: int) -> Sequence[Stretch]:
        """Return what was counted before the checkpoints' own counts began; see `Checkpoints.stretches`."""
        rows = await self._connections.fetch(load_sql("read_stretches", self._schema), subscription, generation)
        return [stretch_of(row) for row in rows]


async def move_checkpoint(connection: Connection, schema: str, move: CheckpointMove, *, wrote: bool) -> None:
    """Move a checkpoint in the open transaction.

    Raises:
        CheckpointConflictError: the checkpoint or its token is not what ``move`` says.
    """
    if move.ends_stretch:
        await end_stretch(connection, schema, move.share, move.old)
    status = await connection.execute(
        load_sql("move_checkpoint", schema),
        *share_columns(move.share),
        move.version,
        move.token,
        move.old,
        move.new,
        int(wrote),
        move.ends_stretch,
        move.processed.count,
        move.processed.digest,
    )
    if status != "UPDATE 1":
        message = f"the checkpoint of {move.share} is not at position {move.old} with token {move.token}"
        raise CheckpointConflictError(message, hint="Another owner works on it; read the checkpoint again.")


async def end_stretch(connection: Connection, schema: str, share: Share, position: int) -> None:
    """Keep what a share has counted up to its position, in the open transaction; nothing if it is elsewhere."""
    await connection.execute(load_sql("end_stretch", schema), *share.key, position)


def share_columns(share: Share) -> tuple[str, int, int, int]:
    """Return the values that say which share."""
    return share.subscription, share.generation, share.buckets.lo, share.buckets.hi


def checkpoint_of(row: Any) -> Checkpoint:
    """Make a checkpoint of its columns."""
    name, generation, lo, hi, version, position, token, updated_at, changes, counted_after, counted, digest = row
    share, processed = Share.of(name, generation, lo, hi), Processed(counted, digest)
    return Checkpoint(share, version, position, token, updated_at, changes, counted_after, processed)


def stretch_of(row: Any) -> Stretch:
    """Make a stretch of its columns."""
    name, generation, lo, hi, after, through, counted, digest = row
    return Stretch(Share.of(name, generation, lo, hi), after, through, Processed(counted, digest))
