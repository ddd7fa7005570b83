"""Reading through another `ReadDatabase`, which is asked for before each read."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from typing import Any, TypeVar, overload

from duolog.tables.ports import BATCH_ROWS, FullText, ReadDatabase, Row
from duolog.tables.statements import Parameters

T = TypeVar("T")


class DelegatedReads(ABC):
    """A `ReadDatabase`; a subclass says what it reads through."""

    __slots__ = ()

    @abstractmethod
    def _reader(self) -> ReadDatabase:
        """Return what the next read goes through, or refuse it."""

    @property
    def full_text(self) -> FullText:
        """How texts are searched; see `ReadDatabase.full_text`."""
        return self._reader().full_text

    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]: ...
    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> Sequence[T] | Sequence[Row]:
        """Run a SELECT; see `ReadDatabase.fetch`."""
        reader = self._reader()
        return await (reader.fetch(sql, parameters) if into is None else reader.fetch(sql, parameters, into=into))

    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None: ...
    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> T | None: ...
    async def fetch_one(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> T | Row | None:
        """Run a SELECT and return its first row, or None."""
        reader = self._reader()
        if into is None:
            return await reader.fetch_one(sql, parameters)
        return await reader.fetch_one(sql, parameters, into=into)

    async def fetch_value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run a SELECT and return the first column of its first row, or None."""
        return await self._reader().fetch_value(sql, parameters)

    async def fetch_for_json(self, sql: str, parameters: Parameters | None = None, *, like: type) -> Sequence[object]:
        """Run a SELECT and return its rows ready to be encoded; see `ReadDatabase.fetch_for_json`."""
        return await self._reader().fetch_for_json(sql, parameters, like=like)

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
        """Run a SELECT and give its rows one after another; see `ReadDatabase.stream`."""
        reader = self._reader()
        if into is None:
            return reader.stream(sql, parameters, size=size)
        return reader.stream(sql, parameters, into=into, size=size)

    async def estimate(self, source: str, where: str = "TRUE", parameters: Parameters | None = None) -> int | None:
        """Return about how many rows there are; see `ReadDatabase.estimate`."""
        return await self._reader().estimate(source, where, parameters)
