"""Up to where the server's log of writes (WAL) holds what this process has committed."""

import asyncio
from typing import Any

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql


class OwnCommits:
    """Counts commits, and asks for a place behind all of them when somebody wants to know it: commits pay nothing.

    Args:
        connections: where the server is asked.
    """

    __slots__ = ("_asked_at", "_connections", "_count", "_lock", "_lsn")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._count = 1  # what was committed before this process counted
        self._asked_at = 0
        self._lsn = 0
        self._lock = asyncio.Lock()

    def note(self) -> None:
        """Note that something may have been committed just now."""
        self._count += 1

    async def lsn(self) -> int:
        """Return a place (LSN) behind all commits that were noted by now.

        Raises:
            DatabaseError: the server could not be asked.
        """
        wanted = self._count
        if self._asked_at < wanted:
            async with self._lock:
                if self._asked_at < wanted:
                    count = self._count
                    row: Any = await self._connections.fetch_row(
                        load_sql("written_lsn", self._connections.location.schema)
                    )
                    self._lsn, self._asked_at = int(row[0]), count
        return self._lsn
