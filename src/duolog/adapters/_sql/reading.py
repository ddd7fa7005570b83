"""The read port's calls, over whatever runs work on a connection."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar, overload

from duolog.adapters._sql.estimates import estimated_rows
from duolog.adapters._sql.fetching import fetch_for_json, fetch_rows, fetch_value
from duolog.tables.ports import BATCH_ROWS, FullText, Row
from duolog.tables.statements import Parameters

T = TypeVar("T")
R = TypeVar("R")


class Reading(ABC):
    """Implements `ReadDatabase`; a subclass says on which connection and thread."""

    __slots__ = ()

    @abstractmethod
    async def read(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work`` on the connection of this session, after the fetches before it."""

    def redirected(self, sql: str) -> str:
        """Return a statement as it is to run: as it was given, unless a subclass leads it to other tables."""
        return sql

    @property
    def full_text(self) -> FullText:
        """Texts are searched in tables of FTS5."""
        return FullText.FTS5

    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]: ...
    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> Sequence[T] | Sequence[Row]:
        """Run a statement and return all its rows; see `ReadDatabase.fetch`."""
        sql = self.redirected(sql)
        if into is None:
            return await self.read(partial(fetch_rows, sql=sql, parameters=parameters, into=None))
        return await self.read(partial(fetch_rows, sql=sql, parameters=parameters, into=into))

    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None: ...
    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> T | None: ...
    async def fetch_one(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> T | Row | None:
        """Run a statement and return its first row, or None; see `ReadDatabase.fetch_one`."""
        sql = self.redirected(sql)
        if into is None:
            rows = await self.read(partial(fetch_rows, sql=sql, parameters=parameters, into=None, most=1))
            return rows[0] if rows else None
        decoded = await self.read(partial(fetch_rows, sql=sql, parameters=parameters, into=into, most=1))
        return decoded[0] if decoded else None

    async def fetch_value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run a statement and return the first column of its first row, or None; see `ReadDatabase.fetch_value`."""
        return await self.read(partial(fetch_value, sql=self.redirected(sql), parameters=parameters))

    async def fetch_for_json(self, sql: str, parameters: Parameters | None = None, *, like: type) -> Sequence[object]:
        """Run a statement and return its rows ready to be encoded; see `ReadDatabase.fetch_for_json`."""
        return await self.read(partial(fetch_for_json, sql=self.redirected(sql), parameters=parameters, like=like))

    @overload
    def stream(
        self, sql: str, parameters: Parameters | None = None, *, size: int = ...
    ) -> AsyncGenerator[Row, None]: ...
    @overload
    def stream(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T], size: int = ...
    ) -> AsyncGenerator[T, None]: ...
    def stream(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None, size: int = BATCH_ROWS
    ) -> AsyncGenerator[T, None] | AsyncGenerator[Row, None]:
        """Run a statement and give its rows one after another; see `ReadDatabase.stream`."""
        return self._streamed(sql, parameters, into, size)

    async def _streamed(
        self, sql: str, parameters: Parameters | None, into: type[Any] | None, size: int
    ) -> AsyncGenerator[Any, None]:
        """Give the rows, all of them read at the first one: whoever writes between two rows keeps no cursor open."""
        del size
        rows = await (self.fetch(sql, parameters) if into is None else self.fetch(sql, parameters, into=into))
        for row in rows:
            yield row

    async def estimate(self, source: str, where: str = "TRUE", parameters: Parameters | None = None) -> int | None:
        """Return about how many rows a table has; see `ReadDatabase.estimate`."""
        del parameters  # a condition cannot be estimated here
        return await self.read(partial(estimated_rows, source=self.redirected(source), where=where))


class Writing(Reading):
    """A session that reads its own writes: the held writer."""

    __slots__ = ()

    @abstractmethod
    async def write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work``, which may write, in the open transaction; nothing of it remains if it fails."""
