"""A session that reads one snapshot and cannot write."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import Any, Final, TypeVar

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections, closed
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.location import Location
from duolog.adapters.postgres.open_rows import OpenRows
from duolog.adapters.postgres.reading import Reading
from duolog.adapters.postgres.statements import StaleStatementError, Statements
from duolog.adapters.postgres.transactions import begin
from duolog.adapters.postgres.view_changes import read_view_changes
from duolog.dispatch.shield import shielded
from duolog.errors import DatabaseError, NotStartedError, TimeLimitExceededError
from duolog.tables.statements import Parameters
from duolog.tables.view_changes import ViewChanges

R = TypeVar("R")

# The snapshot belongs to the transaction; a statement that fails takes back only what is behind the savepoint: nothing.
_MARK: Final = "SAVEPOINT duolog_read"
_BACK_TO_MARK: Final = "ROLLBACK TO SAVEPOINT duolog_read"


class PostgresReadSession(Reading):
    """A `QuerySnapshot`: a transaction ``REPEATABLE READ READ ONLY``, from its first fetch to `close`.

    Args:
        connections: where its connection comes from.
        statements: runs the statements.
        seconds: time limit of one statement; None for the location's.
    """

    __slots__ = ("_closed", "_connection", "_connections", "_is_clean", "_is_marked", "_lock", "_names", "_seconds")

    def __init__(self, connections: Connections, statements: Statements, *, seconds: float | None = None) -> None:
        super().__init__(statements)
        self._connections = connections
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None
        self._is_marked = False
        self._is_clean = True
        self._closed = False
        self._names = count(1)

    def end(self) -> bool:
        """Let no further fetch begin, and tell whether it still holds a connection, or a fetch is taking one.

        Where no fetch runs and the last one succeeded, the connection is given back at once.
        """
        self._closed = True
        if self._is_clean and not self._lock.locked():
            self._let_go()
        return self._connection is not None or self._lock.locked()

    async def read(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run ``work`` in this session's snapshot, after the fetches before it.

        Work that fails because tables were changed is run once more.

        Raises:
            NotStartedError: the session or the database is closed.
            TimeLimitExceededError: the statement took too long.
        """
        async with self._lock:
            if self._closed:
                message = "this session is closed"
                raise NotStartedError(message, hint="Every message gets a session of its own; keep none of them.")
            return await self._run(work)

    async def view_changes(self, views: Sequence[str]) -> Mapping[str, ViewChanges]:
        """Return what views have come to in this snapshot; see `ReadsViewChanges`."""
        schema = self._connections.location.schema
        return await self.read(lambda connection: read_view_changes(connection, schema, views))

    async def close(self) -> None:
        """Give the connection back, after a fetch that still runs. May be called twice."""
        if self.end():
            async with self._lock:
                await self._give_back()

    async def _streamed(
        self, sql: str, parameters: Parameters | None, into: type[Any] | None, size: int
    ) -> AsyncGenerator[Any, None]:
        """Give the rows, which a cursor in this session's snapshot reads batch by batch."""
        rows = OpenRows(self.statements, f"duolog_stream_{next(self._names)}", sql)
        await self.read(lambda connection: rows.open(connection, parameters))
        try:
            more = True
            while more:
                batch = await self.read(lambda connection: rows.fetch(connection, into, size))
                more = len(batch) == size
                for row in batch:
                    yield row
        finally:
            await shielded(self._end_stream(rows))

    async def _end_stream(self, rows: OpenRows) -> None:
        """End a cursor that is still open; what has failed or is closed has ended it."""
        async with self._lock:
            if self._connection is not None and self._is_clean and not self._closed:
                with suppress(DatabaseError):
                    await rows.close(self._connection)

    async def _run(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        connection = await self._ready()
        self._is_clean = False
        try:
            try:
                result = await work(connection)
            except StaleStatementError:
                await self._back_to_mark(connection)
                result = await work(connection)
        except TimeLimitExceededError:
            raise self._too_slow() from None
        except Exception:
            if self._connections.is_closed:
                raise closed() from None
            raise
        self._is_clean = True
        return result

    async def _ready(self) -> Connection:
        """Return the connection, in the transaction and with no failed statement in it."""
        if self._connection is not None and not self._is_clean:
            if self._is_marked:
                await self._back_to_mark(self._connection)
            else:
                await self._give_back()  # whether its transaction has begun is not known
        if self._connection is None:
            self._connection = await self._connections.take(may_be_in_transaction=True)
            self._is_clean = False
            sql = begin_reading(self._connections.location, self._seconds)
            with reported():
                # One message: the last reader did not wait until its transaction had ended.
                await self._connection.execute(f"ROLLBACK; {sql}" if self._connection.is_in_transaction() else sql)
            self._is_marked = True
        return self._connection

    async def _back_to_mark(self, connection: Connection) -> None:
        with reported():
            await connection.execute(_BACK_TO_MARK)

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        self._is_marked = False
        if connection is not None:
            self._connections.let_go(connection)

    async def _give_back(self) -> None:
        if self._is_clean:
            self._let_go()
            return
        connection, self._connection = self._connection, None
        self._is_marked = False
        if connection is not None:
            await self._connections.give_back(connection, doubtful=True)

    def _too_slow(self) -> TimeLimitExceededError:
        limit = self._seconds
        seconds = self._connections.location.statement_timeout / 1_000 if limit is None else limit
        message = f"a statement took longer than {seconds:g} s"
        return TimeLimitExceededError(message, seconds=seconds)


def begin_reading(location: Location, seconds: float | None) -> str:
    """Return the SQL that begins a session's transaction; it takes no snapshot yet.

    Args:
        location: says which limits hold.
        seconds: time limit of one statement; None for the location's.
    """
    return f"{begin(location, snapshot=True, seconds=seconds)}; {_MARK}"
