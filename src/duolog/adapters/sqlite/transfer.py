"""Giving a log in a SQLite file away, and taking one in."""

import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from duolog.adapters._sql.ddl import single_statements
from duolog.adapters._sql.whole_tables import begin_rows, insert_rows, next_rows, other_tables
from duolog.adapters.sqlite.hold import Hold
from duolog.adapters.sqlite.insertions import tags_text
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.remembered import forget_remembered, receive_remembered, remembered_pages
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.work_unit import stream_version
from duolog.adapters.sqlite.writer import Writer
from duolog.database.closed_log import check_beginning, check_in_use, closed_error, unreceivable_error
from duolog.database.transfer import InUse, LogIdentity, Moved, Receiving, Remembered, TransferState
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent
from duolog.tables.ports import Row

_READ: Final = load_sql("read_transfer")
_WRITE: Final = load_sql("write_transfer")
_END: Final = load_sql("end_transfer")
_TURN_DOOR: Final = load_sql("turn_door")
_READ_IDENTITY: Final = load_sql("read_identity")
_TAKE_IDENTITY: Final = load_sql("take_identity")
_CLOSE: Final = tuple(single_statements(load_sql("close_log")))
_OPEN: Final = tuple(single_statements(load_sql("open_log")))
_FORGET_EVENTS: Final = tuple(single_statements(load_sql("forget_events")))
_RECEIVE_EVENT: Final = load_sql("receive_event")
_INSERT_TAG: Final = load_sql("insert_tag")
_HEAD: Final = load_sql("head")
_LONGEST_RECEIPT: Final = 3_600.0


class SqliteTransfer:
    """A `LogTransfer`.

    Args:
        url: of the database.
        writer: writes, and can be held.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_url", "_writer")

    def __init__(self, url: str, writer: Writer, readers: Readers) -> None:
        self._url = url
        self._writer = writer
        self._readers = readers

    async def state(self) -> TransferState:
        """Tell whether the log is in use, on its way in, or gone."""
        return await self._readers.run(read_state)

    async def identity(self) -> LogIdentity:
        """Return what makes the log the same log elsewhere."""
        return await self._readers.run(_identity)

    async def other_tables(self) -> Sequence[str]:
        """Return the names of the tables that are not duolog's own, sorted."""
        return await self._readers.run(other_tables)

    # --- giving ------------------------------------------------------------------------------------------------------

    def remembered(self) -> AsyncGenerator[Sequence[Remembered], None]:
        """Yield what is remembered beside the events; see `LogTransfer.remembered`."""
        return remembered_pages(self._readers)

    async def table_rows(self, table: str) -> AsyncGenerator[Sequence[Row], None]:
        """Yield the rows of a table; see `LogTransfer.table_rows`."""
        reader = await self._readers.take()
        try:
            cursor = await reader.run(lambda connection: begin_rows(connection, table))
            while page := await reader.run(lambda _: next_rows(cursor)):
                yield page
        finally:
            self._readers.give_back(reader)

    @asynccontextmanager
    async def stop_writers(self, *, seconds: float) -> AsyncGenerator["SqliteStoppedWriters", None]:
        """Hold the file's write lock; see `LogTransfer.stop_writers`."""
        hold = await self._writer.hold(seconds=seconds, patience=seconds)
        try:
            yield SqliteStoppedWriters(hold)
        finally:
            hold.release()

    async def take_back(self) -> None:
        """Open a log again that was moved; see `LogTransfer.take_back`."""
        await self._writer.run(Action(lambda connection: _end(connection, "moved")))

    # --- taking ------------------------------------------------------------------------------------------------------

    async def begin(self, identity: LogIdentity, source: str) -> int:
        """Become the given log; see `LogTransfer.begin`."""

        def begin(connection: sqlite3.Connection) -> int:
            head = int(connection.execute(_HEAD).fetchone()[0])
            check_beginning(_identity(connection), read_state(connection), identity, head=head, url=self._url)
            _set(connection, "receiving", source)
            connection.execute(_TAKE_IDENTITY, {"log_id": identity.log_id, "secret_check": identity.secret_check})
            return head

        return await self._writer.run(Action(begin))

    async def receive(self, events: Sequence[RecordedEvent]) -> None:
        """Record events with everything that they have; see `LogTransfer.receive`."""
        await self._writer.run(Action(_through_the_door(lambda connection: _receive(connection, events))))

    async def stream_versions(self, streams: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], int]:
        """Return the versions of streams that have events."""

        def read(connection: sqlite3.Connection) -> dict[tuple[str, str], int]:
            found = ((at, stream_version(connection, *at)) for at in streams)
            return {at: version for at, version in found if version}

        return await self._readers.run(read)

    async def replace_remembered(self, pages: AsyncIterable[Sequence[Remembered]]) -> None:
        """Replace what is remembered, in one transaction; see `LogTransfer.replace_remembered`."""
        hold = await self._writer.hold(seconds=_LONGEST_RECEIPT, patience=_LONGEST_RECEIPT)
        try:
            await hold.run(Action(_through_the_door(forget_remembered)))
            async for page in pages:
                await hold.run(Action(_through_the_door(partial(receive_remembered, page=page))))
            await hold.commit(Action(lambda _: None))
        finally:
            hold.release()

    async def receive_rows(self, table: str, pages: AsyncIterable[Sequence[Row]]) -> None:
        """Insert rows in one transaction; see `LogTransfer.receive_rows`."""
        hold = await self._writer.hold(seconds=_LONGEST_RECEIPT, patience=_LONGEST_RECEIPT)
        try:
            async for page in pages:
                await hold.run(Action(partial(insert_rows, table=table, rows=page)))
            await hold.commit(Action(lambda _: None))
        finally:
            hold.release()

    async def abandon(self) -> None:
        """Forget what was received; see `LogTransfer.abandon`."""

        def abandon(connection: sqlite3.Connection) -> None:
            forget_remembered(connection)
            for statement in _FORGET_EVENTS:
                connection.execute(statement)
            connection.execute(_TAKE_IDENTITY, {"log_id": str(uuid7()), "secret_check": ""})
            _end(connection, "receiving")

        await self._writer.run(Action(_through_the_door(abandon)))

    async def finish(self) -> None:
        """Take the log into use; see `LogTransfer.finish`."""

        def finish(connection: sqlite3.Connection) -> None:
            state = read_state(connection)
            if isinstance(state, Moved):
                check_in_use(state, self._url)
            _end(connection, "receiving")

        await self._writer.run(Action(finish))


class SqliteStoppedWriters:
    """A `StoppedWriters`, who wait for the lock on the file.

    Args:
        hold: the loan of the writer, which has the lock.
    """

    __slots__ = ("_hold",)

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    async def mark_moved(self, target: str) -> None:
        """Close the log, and give the lock back; see `StoppedWriters.mark_moved`."""
        await self._hold.commit(Action(lambda connection: _set(connection, "moved", target)))


def read_state(connection: sqlite3.Connection) -> TransferState:
    """Tell whether the log is in use, on its way in, or gone."""
    row = connection.execute(_READ).fetchone()
    if row is None:
        return InUse()
    state, other, since = row
    return Moved(other, since) if state == "moved" else Receiving(other, since)


def _identity(connection: sqlite3.Connection) -> LogIdentity:
    return LogIdentity(*connection.execute(_READ_IDENTITY).fetchone())


def _set(connection: sqlite3.Connection, state: str, other: str) -> None:
    connection.execute(_WRITE, {"state": state, "other": other, "now": time.time_ns() // 1_000})
    for statement in _CLOSE:
        connection.execute(statement)


def _end(connection: sqlite3.Connection, state: str) -> None:
    if connection.execute(_END, {"state": state}).rowcount:
        for statement in _OPEN:
            connection.execute(statement)


def _through_the_door(work: Callable[[sqlite3.Connection], None]) -> Callable[[sqlite3.Connection], None]:
    def receive(connection: sqlite3.Connection) -> None:
        if not connection.execute(_TURN_DOOR, {"door": "open"}).rowcount:
            raise closed_error()
        work(connection)
        connection.execute(_TURN_DOOR, {"door": "shut"})

    return receive


def _receive(connection: sqlite3.Connection, events: Sequence[RecordedEvent]) -> None:
    head = int(connection.execute(_HEAD).fetchone()[0])
    for event in events:
        if event.position <= head:
            raise unreceivable_error()
        head = event.position
    try:
        connection.executemany(
            _RECEIVE_EVENT,
            [
                (
                    event.position,
                    event.tenant,
                    event.stream,
                    event.version,
                    event.event_id.bytes,
                    event.type,
                    event.schema_version,
                    tags_text(event.tags),
                    event.partition,
                    event.data.decode(),
                    event.metadata.decode(),
                    event.recorded_at,
                )
                for event in events
            ],
        )
    except sqlite3.IntegrityError as error:
        raise unreceivable_error() from error
    connection.executemany(_INSERT_TAG, [(event.tenant, tag, event.position) for event in events for tag in event.tags])
