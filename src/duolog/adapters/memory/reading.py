"""Reading tables in memory: what every session does, and the session of a query scope."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar, overload

from duolog.adapters._sql.fetching import fetch_rows, fetch_value
from duolog.adapters.memory.tables import Tables
from duolog.tables.ports import Row
from duolog.tables.statements import Parameters

T = TypeVar("T")


class TableReads(ABC):
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

    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]: ...
    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> Sequence[T] | Sequence[Row]:
        """Run a statement and return all its rows; see `ReadDatabase.fetch`."""
        async with self._turn():
            with self._tables.reading(self._seconds) as connection:
                return fetch_rows(connection, sql, parameters, into)

    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None: ...
    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> T | None: ...
    async def fetch_one(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> T | Row | None:
        """Run a statement and return its first row, or None."""
        async with self._turn():
            with self._tables.reading(self._seconds) as connection:
                rows: Sequence[T] | Sequence[Row] = fetch_rows(connection, sql, parameters, into, most=1)
        return rows[0] if rows else None

    async def fetch_value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run a statement and return the first column of its first row, or None."""
        async with self._turn():
            with self._tables.reading(self._seconds) as connection:
                return fetch_value(connection, sql, parameters)


class MemoryReadSession(TableReads):
    """A `ReadSession` whose every fetch waits for its turn; between its fetches others may write."""

    def _turn(self) -> AbstractAsyncContextManager[object]:
        return self._tables.turn

    async def close(self) -> None:
        """End the session; it holds nothing."""
