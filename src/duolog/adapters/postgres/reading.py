"""The read port's calls, over whatever runs work on a connection."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, TypeVar, overload

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.estimates import estimated_rows
from duolog.adapters.postgres.statements import Statements
from duolog.tables.ports import BATCH_ROWS, FullText, Row
from duolog.tables.statements import Parameters

T = TypeVar("T")
R = TypeVar("R")


class Reading(ABC):
    """Implements `ReadDatabase`; a subclass says on which connection and in which transaction.

    Args:
        statements: runs the statements.
    """

    __slots__ = ("statements",)

    def __init__(self, statements: Statements) -> None:
        self.statements = statements

    @abstractmethod
    async def read(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run ``work``, which may only read, after the fetches before it; its errors are duolog's."""

    @property
    def full_text(self) -> FullText:
        """Texts are searched in columns of the type ``tsvector``."""
        return FullText.TSVECTOR

    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]: ...
    @overload
    async def fetch(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> Sequence[T]: ...
    async def fetch(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> Sequence[T] | Sequence[Row]:
        """Run a statement and return all its rows; see `ReadDatabase.fetch`."""
        if into is None:
            return await self.read(lambda connection: self.statements.fetch(connection, sql, parameters, None))
        return await self.read(lambda connection: self.statements.fetch(connection, sql, parameters, into))

    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None) -> Row | None: ...
    @overload
    async def fetch_one(self, sql: str, parameters: Parameters | None = None, *, into: type[T]) -> T | None: ...
    async def fetch_one(
        self, sql: str, parameters: Parameters | None = None, *, into: type[T] | None = None
    ) -> T | Row | None:
        """Run a statement and return its first row, or None; see `ReadDatabase.fetch_one`."""
        if into is None:
            rows = await self.read(lambda connection: self.statements.fetch(connection, sql, parameters, None, most=1))
            return rows[0] if rows else None
        decoded = await self.read(lambda connection: self.statements.fetch(connection, sql, parameters, into, most=1))
        return decoded[0] if decoded else None

    async def fetch_value(self, sql: str, parameters: Parameters | None = None) -> Any:
        """Run a statement and return the first column of its first row, or None; see `ReadDatabase.fetch_value`."""
        return await self.read(lambda connection: self.statements.fetch_value(connection, sql, parameters))

    async def fetch_for_json(self, sql: str, parameters: Parameters | None = None, *, like: type) -> Sequence[object]:
        """Run a statement and return its rows ready to be encoded; see `ReadDatabase.fetch_for_json`."""
        return await self.read(lambda connection: self.statements.fetch_for_json(connection, sql, parameters, like))

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

    async def estimate(self, source: str, where: str = "TRUE", parameters: Parameters | None = None) -> int:
        """Return about how many rows there are; see `ReadDatabase.estimate`."""
        return await self.read(
            lambda connection: estimated_rows(connection, self.statements, source, where, parameters)
        )


class Writing(Reading):
    """A session that reads its own writes: the held writer."""

    __slots__ = ()

    @abstractmethod
    async def write(
        self, work: Callable[[Connection], Awaitable[R]], *, keeps: bool = True, is_nested: bool = False
    ) -> R:
        """Run ``work``, which may write, in the open transaction, after what came before; its errors are duolog's.

        Args:
            work: gets the connection; nothing of it remains if it fails.
            keeps: what it did must outlive the failure of what comes after it; not needed for what only reads, nor
                where such a failure ends the transaction.
            is_nested: the work's own savepoints, which are open, must outlive it too.
        """
