"""Reading checkpoints; they are written by the view's own transaction (view_session.py, views.py)."""

from collections.abc import Sequence
from typing import Final

from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.subscriptions.checkpoints import Checkpoint

_READ: Final = load_sql("read_checkpoint")
_READ_ALL: Final = load_sql("read_checkpoints")


class SqliteCheckpoints:
    """A `Checkpoints`.

    Args:
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers",)

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def read(self, subscription: str) -> Checkpoint | None:
        """Return a subscription's checkpoint, or None if it never ran."""
        values = {"subscription": subscription}
        row = await self._readers.run(lambda connection: connection.execute(_READ, values).fetchone())
        return None if row is None else Checkpoint(*row)

    async def read_all(self) -> Sequence[Checkpoint]:
        """Return all checkpoints, by name."""
        rows = await self._readers.run(lambda connection: connection.execute(_READ_ALL).fetchall())
        return [Checkpoint(*row) for row in rows]
