"""Reading checkpoints; they are written by the view's own transaction (view_session.py, views.py)."""

from collections.abc import Sequence

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.subscriptions.checkpoints import Checkpoint


class PostgresCheckpoints:
    """A `Checkpoints`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_read", "_read_all")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        schema = connections.location.schema
        self._read = load_sql("read_checkpoint", schema)
        self._read_all = load_sql("read_checkpoints", schema)

    async def read(self, subscription: str) -> Checkpoint | None:
        """Return a subscription's checkpoint, or None if it never ran."""
        row = await self._connections.fetch_row(self._read, subscription)
        return None if row is None else Checkpoint(*row)

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints, by name."""
        return [Checkpoint(*row) for row in await self._connections.fetch(self._read_all)]
