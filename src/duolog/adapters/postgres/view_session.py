"""One batch of a projection: buffered writes, what is parked and the checkpoint, in one transaction."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from duolog.adapters._sql.view_failures import flush_cancelled, session_closed
from duolog.adapters.postgres.checkpoints import move_checkpoint
from duolog.adapters.postgres.compiled_statements import compile_statement
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.event_rows import events_from_rows
from duolog.adapters.postgres.filter_sql import filtered_events
from duolog.adapters.postgres.materialized import refresh_materialized
from duolog.adapters.postgres.parking import park, unpark
from duolog.adapters.postgres.read_session import PostgresReadSession
from duolog.adapters.postgres.reading import Reading
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.statement_batches import Buffered, run_in_order
from duolog.adapters.postgres.statements import StaleStatementError, Statements
from duolog.adapters.postgres.transactions import begin, commit
from duolog.errors import DatabaseError, HoldExpiredError
from duolog.eventstore.filters import EventFilter
from duolog.messages.envelope import RecordedEvent
from duolog.projections.materialized_view import Contents
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.share import Share
from duolog.tables.statements import Parameters, check_parameters

R = TypeVar("R")

LONGEST_WAIT: Final = 5_000
"""At most so many milliseconds a batch's transaction may wait for its next statement, as long as a lease lasts.

The transaction of an owner that stands still keeps the checkpoint locked, and whoever is to take the share over out.
"""

_STEP: Final = "SAVEPOINT duolog_step"
_READING_STEP: Final = "SAVEPOINT duolog_step; SET LOCAL transaction_read_only = on"
_KEEP_STEP: Final = "RELEASE SAVEPOINT duolog_step"
_HIGHEST: Final = 2**63 - 1
_UNDO_STEP: Final = "ROLLBACK TO SAVEPOINT duolog_step; RELEASE SAVEPOINT duolog_step"


class PostgresViewSession(Reading):
    """A `ViewSession`.

    It reads a snapshot and buffers its writes until something must see them; from then on it has a transaction, with
    the view's checkpoint locked.

    Args:
        connections: where its connection comes from.
        statements: runs the statements.
        share: the share whose batch it is.
        apart: the schema of the generation's tables, if they are not where the search path leads.
    """

    __slots__ = (
        "_apart", "_buffer", "_closed", "_connection", "_connections", "_failure", "_held_since", "_lock", "_share",
        "_snapshot", "_wrote",
    )  # fmt: skip

    def __init__(
        self, connections: Connections, statements: Statements, share: Share, apart: str | None = None
    ) -> None:
        super().__init__(statements)
        self._connections = connections
        self._share = share
        self._apart = apart
        self._wrote = False
        self._snapshot = PostgresReadSession(connections, statements)
        self._buffer: list[Buffered] = []
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None  # in a transaction that writes
        self._held_since = 0.0
        self._failure: Exception | None = None  # after which the transaction is worth nothing
        self._closed = False

    @property
    def held_for(self) -> float:
        """For how long it has kept the checkpoint locked, in seconds; see `ViewSession.held_for`."""
        return 0.0 if self._connection is None or self._closed else time.monotonic() - self._held_since

    @property
    def _longest_wait(self) -> int:
        return min(self._connections.location.idle_in_transaction_timeout or LONGEST_WAIT, LONGEST_WAIT)

    async def read(self, work: Callable[[Connection], Awaitable[R]]) -> R:
        """Run ``work``, which may only read, after everything that was executed before."""
        async with self._turn():
            if self._connection is None and not self._buffer and self._apart is None:
                return await self._snapshot.read(work)
            await self._run_buffer()
            connection = await self._writing()
            try:
                return await self._in_reading_step(connection, work)
            except StaleStatementError:
                return await self._in_reading_step(connection, work)

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Buffer a writing statement; see `ViewDatabase.execute`."""
        self._check_open()
        self._buffer.append(_checked(sql, parameters))
        self._wrote = True

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Buffer a writing statement for each row; see `ViewDatabase.execute_many`."""
        self._check_open()
        self._buffer += [_checked(sql, row) for row in rows]
        self._wrote = self._wrote or bool(rows)

    async def execute_now(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a writing statement after all that are buffered, and return how many rows it changed.

        It runs in a savepoint: what it breaks is its caller's to handle.
        """
        sql, values = _checked(sql, parameters)
        async with self._turn():
            await self._run_buffer()
            connection = await self._writing()
            await _send(connection, _STEP)
            try:
                changed = await self.statements.execute(connection, sql, values)
            except Exception:
                await self._undo_step(connection)
                raise
            await _send(connection, _KEEP_STEP)
            self._wrote = True
            return changed

    async def flush(self) -> None:
        """Run what is buffered; see `ViewSession.flush`.

        No savepoint is needed: a failure is that of the whole transaction.
        """
        async with self._turn():
            await self._run_buffer()

    async def commit(
        self, move: CheckpointMove, parked: Sequence[ParkedEvent] = (), *, unparked: Collection[int] = ()
    ) -> None:
        """Move the checkpoint, write what is buffered, unpark, park, and commit; see `ViewSession.commit`."""
        async with self._turn():
            schema = self._connections.location.schema
            try:
                connection = await self._writing(locks=False)  # the move itself locks
                with reported():
                    wrote = self._wrote or bool(parked or unparked)
                    await move_checkpoint(connection, schema, move, wrote=wrote)
                    await self._run_buffer()
                    await unpark(connection, schema, move.share, unparked)
                    await park(connection, schema, parked)
                await commit(connection)
            finally:
                await self._let_go()

    async def refresh(self, contents: Contents) -> None:
        """Refresh a materialized view beside its readers; see `ViewSession.refresh`."""
        async with self._turn():
            await refresh_materialized(await self._writing(), contents)
            self._wrote = True

    async def hold_appends(self, after: int, wanted: EventFilter) -> Sequence[RecordedEvent]:
        """Let nobody append until this session ends; see `ViewSession.hold_appends`.

        Once the table is locked nobody has appended without having committed, so that all there is can be read at once.
        """
        schema = self._connections.location.schema
        sql, values = filtered_events(wanted, schema, after=after, through=_HIGHEST, limit=_HIGHEST)
        async with self._turn():
            await self._run_buffer()
            connection = await self._writing()
            with reported():
                await connection.execute(load_sql("hold_appends", schema))
                return events_from_rows(await connection.fetch(sql, *values))

    async def close(self) -> None:
        """Roll back what was not committed, and give the connections back. May be called twice."""
        self._closed = True
        self._buffer.clear()
        async with self._lock:
            await self._let_go()

    async def _writing(self, *, locks: bool = True) -> Connection:
        """Return the connection with the transaction that writes; it is begun where there is none."""
        if self._connection is None:
            await self._snapshot.close()
            connection = self._connection = await self._connections.take()
            self._held_since = time.monotonic()
            await _send(connection, begin(self._connections.location, idle=self._longest_wait))
            schema = self._connections.location.schema
            with reported():
                if locks:
                    await connection.fetch(load_sql("lock_checkpoint", schema), *self._share.key)
                if self._apart is not None:
                    await connection.fetch(load_sql("put_first_on_path", schema), self._apart)
        return self._connection

    async def _run_buffer(self) -> None:
        if not self._buffer:
            return
        buffered, self._buffer = self._buffer, []
        try:
            connection = await self._writing()
            await run_in_order(self.statements, connection, self._connections.location.schema, buffered)
        except Exception as error:
            self._failure = error
            raise

    async def _in_reading_step(self, connection: Connection, work: Callable[[Connection], Awaitable[R]]) -> R:
        await _send(connection, _READING_STEP)
        try:
            result = await work(connection)
        except Exception:
            await self._undo_step(connection)
            raise
        await _send(connection, _UNDO_STEP)  # that ends the refusal of writes, too
        return result

    async def _undo_step(self, connection: Connection) -> None:
        try:
            await _send(connection, _UNDO_STEP)
        except DatabaseError as error:  # the connection is lost, as the step's own error says
            self._failure = error

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None, None]:
        """Do one thing after another; whatever is cancelled in the transaction takes all of it along."""
        self._check_open()
        async with self._lock:
            self._check_open()
            try:
                yield
            except Exception as error:
                if self._has_expired():
                    self._failure = _expired(self.held_for)
                    raise self._failure from error
                raise
            except BaseException:
                if self._connection is not None:
                    self._failure = flush_cancelled()
                raise

    def _has_expired(self) -> bool:
        is_cut_off = self._connection is not None and self._connection.is_closed()
        return is_cut_off and self._longest_wait / 1_000 <= self.held_for

    async def _let_go(self) -> None:
        self._closed = True
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                await self._connections.give_back(connection, doubtful=True)
        finally:
            await self._snapshot.close()

    def _check_open(self) -> None:
        if self._closed:
            raise session_closed()
        if self._failure is not None:
            raise self._failure


async def _send(connection: Connection, script: str) -> None:
    with reported():
        await connection.execute(script)


def _checked(sql: str, parameters: Parameters | None) -> Buffered:
    compile_statement(sql)
    values = dict(parameters or {})
    check_parameters(sql, values)
    return sql, values


def _expired(seconds: float) -> HoldExpiredError:
    message = f"the batch's transaction waited for too long within {seconds:.0f} s; everything was rolled back"
    return HoldExpiredError(message, hint="Await nothing but the view in the handler.")
