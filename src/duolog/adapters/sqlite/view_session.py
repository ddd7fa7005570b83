"""One batch of a projection: buffered writes, what is parked and the checkpoint, in one transaction."""

import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Final, TypeVar

from duolog.adapters._sql.generation_tables import Redirection
from duolog.adapters._sql.reading import Reading
from duolog.adapters._sql.statements import check_allowed, run_bound, run_many
from duolog.adapters._sql.swapping import read_fresh, swap_table
from duolog.adapters._sql.values import SqlValue, bound_values
from duolog.adapters._sql.view_failures import flush_cancelled, session_closed
from duolog.adapters.sqlite.checkpoints import move_checkpoint
from duolog.adapters.sqlite.event_rows import events_from_rows
from duolog.adapters.sqlite.filter_sql import filtered_events
from duolog.adapters.sqlite.held_writer import reading_only
from duolog.adapters.sqlite.hold import Hold
from duolog.adapters.sqlite.parking import park, unpark
from duolog.adapters.sqlite.read_session import SqliteReadSession
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.eventstore.filters import EventFilter
from duolog.messages.envelope import RecordedEvent
from duolog.projections.materialized_view import Contents
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkedEvent
from duolog.subscriptions.share import Share
from duolog.tables.statements import Parameters

R = TypeVar("R")

HELD_SECONDS: Final = 5.0

_NO_LIMIT: Final = -1

_Buffered = tuple[str, dict[str, SqlValue]]


class SqliteViewSession(Reading):
    """A `ViewSession`.

    It reads a snapshot and buffers its writes until something must see them; from then on it holds the writer.

    Args:
        writer: writes the batch.
        readers: where connections for reading come from.
        redirection: leads statements to the tables of the view's generation.
        share: the share whose batch it is.
        patience: how long to wait for the writer, in seconds.
    """

    __slots__ = (
        "_buffer", "_closed", "_failure", "_held_since", "_hold", "_patience", "_redirection", "_share", "_snapshot",
        "_swap", "_writer", "_wrote",
    )  # fmt: skip

    def __init__(
        self, writer: Writer, readers: Readers, redirection: Redirection, share: Share, *, patience: float
    ) -> None:
        self._writer = writer
        self._share = share
        self._swap: Callable[[sqlite3.Connection], None] = _nothing
        self._redirection = redirection
        self._patience = patience
        self._wrote = False
        self._snapshot = SqliteReadSession(readers)
        self._buffer: list[_Buffered] = []
        self._hold: Hold | None = None
        self._held_since = 0.0
        self._failure: Exception | None = None  # of a flush
        self._closed = False

    @property
    def held_for(self) -> float:
        """For how long it has held the writer, in seconds; see `ViewSession.held_for`."""
        return 0.0 if self._hold is None or self._closed else time.monotonic() - self._held_since

    async def read(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work``, which may only read, after everything that was executed before."""
        self._check_open()
        if self._hold is None and not self._buffer:
            return await self._snapshot.read(work)
        await self.flush()
        return await (await self._held()).run(reading_only(work))

    def redirected(self, sql: str) -> str:
        """Return a statement for the tables of the view's generation."""
        return self._redirection(sql)

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Buffer a writing statement; see `ViewDatabase.execute`."""
        self._check_open()
        check_allowed(sql)
        self._buffer.append((self.redirected(sql), bound_values(sql, parameters)))
        self._wrote = True

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Buffer a writing statement for each row; see `ViewDatabase.execute_many`."""
        self._check_open()
        check_allowed(sql)
        redirected = self.redirected(sql)
        self._buffer += [(redirected, bound_values(sql, row)) for row in rows]
        self._wrote = self._wrote or bool(rows)

    async def execute_now(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a writing statement after all that are buffered, and return how many rows it changed."""
        self._check_open()
        check_allowed(sql)
        values = bound_values(sql, parameters)
        renamed = self.redirected(sql)
        await self.flush()
        changed = await (await self._held()).run(Action(lambda connection: run_bound(connection, renamed, values)))
        self._wrote = True
        return changed

    async def flush(self) -> None:
        """Run what is buffered; see `ViewSession.flush`."""
        self._check_open()
        if self._buffer:
            hold = await self._held()
            buffered, self._buffer = self._buffer, []
            try:
                await hold.run(Action(lambda connection: _run_buffered(connection, buffered)))
            except BaseException as error:
                self._failure = error if isinstance(error, Exception) else flush_cancelled()
                raise

    async def commit(
        self, move: CheckpointMove, parked: Sequence[ParkedEvent] = (), *, unparked: Collection[int] = ()
    ) -> None:
        """Write what is buffered, unpark, park, move the checkpoint, and commit; see `ViewSession.commit`."""
        self._check_open()
        buffered, self._buffer = self._buffer, []
        wrote = self._wrote or bool(parked or unparked)

        def conclude(connection: sqlite3.Connection) -> None:
            # First: who has lost the share is told that, whatever its statements would find in other tables.
            move_checkpoint(connection, move, wrote=wrote)
            _run_buffered(connection, buffered)
            unpark(connection, move.share, unparked)
            park(connection, parked)
            self._swap(connection)

        unit = Action(conclude, sum(len(sql) + len(values) for sql, values in buffered))
        try:
            await (self._writer.run(unit) if self._hold is None else self._hold.commit(unit))
        finally:
            await self.close()

    async def refresh(self, contents: Contents) -> None:
        """Read the rows of a materialized view, and swap tables in `commit`; see `ViewSession.refresh`.

        They are read before the writer is taken, so that nobody waits for a slow select.
        """
        self._check_open()
        share, table = self._share, self._redirection.stored(contents.table)
        fresh = await self._snapshot.read(lambda connection: read_fresh(connection, contents))
        self._swap = lambda connection: swap_table(connection, table, contents, share, fresh)
        self._wrote = True

    async def hold_appends(self, after: int, wanted: EventFilter) -> Sequence[RecordedEvent]:
        """Let nobody append until this session ends; see `ViewSession.hold_appends`."""
        await self.flush()
        sql, values = filtered_events(wanted, after=after, limit=_NO_LIMIT)
        read = reading_only(lambda connection: events_from_rows(connection.execute(sql, values).fetchall()))
        return await (await self._held()).run(read)

    async def close(self) -> None:
        """Roll back what was not committed, and give the connections back. May be called twice."""
        self._closed = True
        self._buffer.clear()
        if self._hold is not None:
            self._hold.release()
        await self._snapshot.close()

    async def _held(self) -> Hold:
        if self._hold is None:
            self._hold = await self._writer.hold(seconds=HELD_SECONDS, patience=self._patience)
            self._held_since = time.monotonic()
        return self._hold

    def _check_open(self) -> None:
        if self._closed:
            raise session_closed()
        if self._failure is not None:
            raise self._failure


def _nothing(_: sqlite3.Connection) -> None:
    pass


def _run_buffered(connection: sqlite3.Connection, buffered: Sequence[_Buffered]) -> None:
    for sql, run in groupby(buffered, key=lambda statement: statement[0]):
        run_many(connection, sql, [values for _, values in run])
