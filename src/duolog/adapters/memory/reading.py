"""Reading tables in memory: what every session does, and the session of a query scope."""

import sqlite3
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from duolog.adapters._sql.reading import Reading
from duolog.adapters.memory.tables import Tables

R = TypeVar("R")


class TableReads(Reading):
    """The fetches of a session; each session says what it holds meanwhile.

    Args:
        tables: what is read.
        seconds: time limit of one statement; None for none.
    """

    def __init__(self, tables: Tables, *, seconds: float | None = None) -> None:
        self._tables = tables
        self._seconds = seconds

    @abstractmethod
    def _turn(self) -> AbstractAsyncContextManager[object]:
        """Hold the tables while one statement runs."""

    async def read(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work``, which may only read, in this session's turn."""
        async with self._turn():
            with self._tables.reading(self._seconds) as connection:
                return work(connection)


class MemoryReadSession(TableReads):
    """A `ReadSession` whose every fetch waits for its turn; between its fetches others may write."""

    @property
    def is_open(self) -> bool:
        """Never: it holds nothing between its fetches."""
        return False

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._tables.turn

    async def close(self) -> None:
        """End the session; it holds nothing."""
