"""One batch of a projection: the view's tables, its checkpoint and what is parked change in one step."""

import time
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager

from duolog.adapters._sql.generation_tables import Redirection
from duolog.adapters._sql.statements import run_sql
from duolog.adapters._sql.swapping import read_fresh, swap_table
from duolog.adapters._sql.view_failures import session_closed
from duolog.adapters.memory.log import MemoryLog
from duolog.adapters.memory.reading import TableReads
from duolog.adapters.memory.subscriptions import MemoryCheckpoints, MemoryParking
from duolog.adapters.memory.tables import Tables
from duolog.eventstore.filters import EventFilter
from duolog.messages.envelope import RecordedEvent
from duolog.projections.materialized_view import Contents
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.share import Share
from duolog.tables.statements import Parameters, check_parameters


class MemoryViewSession(TableReads):
    """A `ViewSession`: it holds the tables from its first flush or fetch to its end.

    Args:
        tables: where the view is.
        checkpoints: where the batch's checkpoint moves.
        parking: where events are set aside.
        redirection: leads statements to the tables of the view's generation.
        share: the share whose batch it is.
        log: whose events it shows.
    """

    def __init__(
        self,
        tables: Tables,
        checkpoints: MemoryCheckpoints,
        parking: MemoryParking,
        redirection: Redirection,
        *,
        share: Share,
        log: MemoryLog,
    ) -> None:
        super().__init__(tables)
        self._share = share
        self._log = log
        self._redirection = redirection
        self._checkpoints = checkpoints
        self._parking = parking
        self._wrote = False
        self._buffered: list[tuple[str, Parameters]] = []
        self._held_since: float | None = None
        self._failure: Exception | None = None  # of a flush
        self._closed = False

    @property
    def held_for(self) -> float:
        """For how long it has held the tables, in seconds; see `ViewSession.held_for`."""
        return 0.0 if self._held_since is None else time.monotonic() - self._held_since

    def redirected(self, sql: str) -> str:
        """Return a statement for the tables of the view's generation."""
        return self._redirection(sql)

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Buffer a writing statement; see `ViewDatabase.execute`."""
        self._check_open()
        values = dict(parameters or {})
        check_parameters(sql, values)
        self._buffered.append((self.redirected(sql), values))
        self._wrote = True

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Buffer a writing statement for each row; see `ViewDatabase.execute_many`."""
        for row in rows:
            await self.execute(sql, row)

    async def execute_now(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a writing statement after all that are buffered, and return how many rows it changed."""
        await self.flush()
        with self._tables.savepoint() as connection:
            changed = run_sql(connection, self.redirected(sql), parameters)
        self._wrote = True
        return changed

    async def flush(self) -> None:
        """Run what is buffered; see `ViewSession.flush`."""
        self._check_open()
        if self._held_since is None:
            await self._tables.turn.acquire()
            self._held_since = time.monotonic()
            self._tables.begin()
        buffered, self._buffered = self._buffered, []
        if buffered:
            try:
                with self._tables.savepoint() as connection:
                    for sql, parameters in buffered:
                        run_sql(connection, sql, parameters)
            except Exception as error:
                self._failure = error
                raise

    async def commit(
        self, move: CheckpointMove, parked: Sequence[ParkedEvent] = (), *, unparked: Collection[int] = ()
    ) -> None:
        """Write what is buffered, unpark, park, move the checkpoint, and commit; see `ViewSession.commit`."""
        try:
            self._checkpoints.check(move)  # who has lost the share is told that, whatever its statements would find
            await self.flush()
            self._checkpoints.check(move)
            self._tables.commit()
            self._parking.unpark(move.share, unparked)
            self._parking.park(parked)
            self._checkpoints.set(move, wrote=self._wrote or bool(parked or unparked))
        finally:
            await self.close()

    async def refresh(self, contents: Contents) -> None:
        """Swap the table of a materialized view for one with the rows that its select finds; see `ViewSession`."""
        await self.flush()
        table = self._redirection.stored(contents.table)
        with self._tables.savepoint() as connection:
            swap_table(connection, table, contents, self._share, read_fresh(connection, contents))
        self._wrote = True

    async def hold_appends(self, after: int, wanted: EventFilter) -> Sequence[RecordedEvent]:
        """Let nobody append until this session ends; see `ViewSession.hold_appends`."""
        await self.flush()
        return self._log.page(after, max(1, self._log.head), wanted).events

    async def close(self) -> None:
        """Roll back what was not committed, and let others use the tables. May be called twice."""
        self._closed = True
        self._buffered.clear()
        if self._held_since is not None:
            self._held_since = None
            self._tables.rollback()
            self._tables.turn.release()

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None, None]:
        await self.flush()
        yield

    def _check_open(self) -> None:
        if self._closed:
            raise session_closed()
        if self._failure is not None:
            raise self._failure
