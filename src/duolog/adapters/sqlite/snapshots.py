"""Reading and writing snapshots."""

import sqlite3
from collections.abc import Sequence
from typing import Final

from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.write.snapshots import StoredSnapshot

_LOAD: Final = load_sql("load_snapshot")
_SAVE: Final = load_sql("save_snapshot")


class SqliteSnapshots:
    """A `SnapshotStore`.

    Args:
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers",)

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def load(self, stream: str, *, tenant: str = "") -> StoredSnapshot | None:
        """Return the snapshot of a stream, or None."""
        values = {"tenant": tenant, "stream": stream}
        row = await self._readers.run(lambda connection: connection.execute(_LOAD, values).fetchone())
        return None if row is None else StoredSnapshot(*row)


def save_snapshots(connection: sqlite3.Connection, snapshots: Sequence[StoredSnapshot], tenant: str) -> None:
    """Put snapshots in the place of their streams' former ones, in the open transaction."""
    for each in snapshots:
        connection.execute(_SAVE, (tenant, each.stream, each.version, each.type, each.schema_version, each.data))
