"""Reading tables in memory: what every session does, and the session of a query scope."""

import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from duolog.adapters._sql.reading import Reading
from duolog.adapters.memory.subscriptions import MemoryCheckpoints
from duolog.adapters.memory.tables import Tables
from duolog.errors import NotStartedError
from duolog.tables.view_changes import ViewChanges

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

    _ended = False

    def end(self) -> bool:
        """Let no further fetch begin; it holds nothing between its fetches."""
        self._ended = True
        return False

    def _turn(self) -> AbstractAsyncContextManager[object]:
        if self._ended:
            message = "this session is closed"
            raise NotStartedError(message, hint="Every message gets a session of its own; keep none of them.")
        return self._tables.turn

    async def close(self) -> None:
        """End the session. May be called twice."""
        self.end()


class MemoryQuerySnapshot(MemoryReadSession):
    """A `QuerySnapshot`, which has no snapshot here: it tells what views have come to by now.

    Args:
        tables: what is read.
        checkpoints: tell what views have come to.
        seconds: time limit of one statement; None for none.
    """

    def __init__(self, tables: Tables, checkpoints: MemoryCheckpoints, *, seconds: float | None = None) -> None:
        super().__init__(tables, seconds=seconds)
        self._checkpoints = checkpoints

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to by now; see `ReadsViewChanges`."""
        return self._checkpoints.view_changes(views)
