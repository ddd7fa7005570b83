"""Reading and writing snapshots."""

from collections.abc import Sequence

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.write.snapshots import StoredSnapshot


class PostgresSnapshots:
    """A `SnapshotStore`.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_load")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._load = load_sql("load_snapshot", connections.location.schema)

    async def load(self, stream: str, *, tenant: str = "") -> StoredSnapshot | None:
        """Return the snapshot of a stream, or None."""
        row = await self._connections.fetch_row(self._load, tenant, stream)
        return None if row is None else StoredSnapshot(*row)


async def save_snapshots(connection: Connection, schema: str, snapshots: Sequence[StoredSnapshot], tenant: str) -> None:
    """Put snapshots in the place of their streams' former ones, in the open transaction."""
    if snapshots:
        await connection.executemany(
            load_sql("save_snapshot", schema),
            # By stream, so that two transactions lock the rows in one order; of two of one stream the last one stays.
            [
                (tenant, each.stream, each.version, each.type, each.schema_version, each.data)
                for each in sorted(snapshots, key=lambda snapshot: snapshot.stream)
            ],
        )
