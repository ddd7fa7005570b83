"""The log in a SQLite file."""

import sqlite3
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final
from uuid import UUID

from duolog.adapters.sqlite.boundary_sql import boundary_events
from duolog.adapters.sqlite.event_rows import events_by_id, events_from_rows, load_event_sql
from duolog.adapters.sqlite.filter_sql import filtered_events
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.tail import Tail
from duolog.adapters.sqlite.work_unit import work_unit
from duolog.adapters.sqlite.writer import Writer
from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.write.sealed_work import SealedWork

_HEAD: Final = load_sql("head")
_RECORDED_AFTER: Final = load_sql("recorded_after")
_FORWARD: Final = load_event_sql("read_stream_forward")
_BACKWARD: Final = load_event_sql("read_stream_backward")
_NO_LIMIT: Final = -1
_ABOVE_ALL: Final = 2**63 - 1


class SqliteEventStore:
    """An `EventStore`; its docstring is the contract.

    Args:
        log_id: identity of the log.
        writer: appends.
        readers: where connections for reading come from.
        tail: waits for new events.
    """

    __slots__ = ("_log_id", "_readers", "_tail", "_writer")

    def __init__(self, *, log_id: str, writer: Writer, readers: Readers, tail: Tail) -> None:
        self._log_id = log_id
        self._writer = writer
        self._readers = readers
        self._tail = tail

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        return self._log_id

    async def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        expected: ExpectedVersion = ANY_VERSION,
        *,
        condition: AppendCondition | None = None,
        tenant: str = "",
    ) -> Appended:
        """Append events to one stream; see `EventStore.append`."""
        conditions = () if condition is None else (condition,)
        return await self.append_all((Append(stream, tuple(events), expected),), conditions=conditions, tenant=tenant)

    async def append_all(
        self, appends: Sequence[Append], *, conditions: Sequence[AppendCondition] = (), tenant: str = ""
    ) -> Appended:
        """Append to several streams at once; see `EventStore.append_all`."""
        work = SealedWork(tenant=tenant, appends=tuple(appends), conditions=tuple(conditions))
        return await self._writer.run(work_unit(work))

    async def read_stream(
        self,
        stream: str,
        *,
        after_version: int = 0,
        limit: int | None = None,
        backward: bool = False,
        tenant: str = "",
    ) -> Sequence[RecordedEvent]:
        """Read a stream; see `EventStore.read_stream`."""
        values = {
            "tenant": tenant,
            "stream": stream,
            "version": (after_version or _ABOVE_ALL) if backward else after_version,
            "limit": _NO_LIMIT if limit is None else limit,
        }
        sql = _BACKWARD if backward else _FORWARD
        return await self._readers.run(lambda connection: events_from_rows(connection.execute(sql, values).fetchall()))

    async def read_all(
        self,
        *,
        after: int = 0,
        limit: int = 1_000,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> EventPage:
        """Read the log from a position on; see `EventStore.read_all`."""
        sql, values = filtered_events(filter, after=after, limit=limit)

        def read(connection: sqlite3.Connection) -> EventPage:
            events = events_from_rows(connection.execute(sql, values).fetchall())
            # A full page may have left wanted events behind its last one; a short one has looked at all there is.
            through = events[-1].position if len(events) >= limit else max(after, _head(connection))
            return EventPage(events, through)

        return await self._readers.run(read)

    async def read_events(self, event_ids: Sequence[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Return those of the events with these ids that are in the log, by id."""
        return await self._readers.run(lambda connection: events_by_id(connection, event_ids))

    async def read_boundary(self, query: EventQuery, *, tenant: str = "") -> Boundary:
        """Read all events that match, and the condition that they imply; see `EventStore.read_boundary`."""
        sql, values = boundary_events(query, tenant)

        def read(connection: sqlite3.Connection) -> Boundary:
            # One writer: everything up to the head of a snapshot is settled, so nothing is seen above the horizon.
            events = events_from_rows(connection.execute(sql, values).fetchall())
            return Boundary(tuple(events), AppendCondition(query, _head(connection), tenant=tenant))

        return await self._readers.run(read)

    async def subscribe(
        self,
        *,
        after: int = 0,
        batch: int = 500,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> AsyncGenerator[EventPage, None]:
        """Follow the log from a position on, without end; see `EventStore.subscribe`."""
        position = after
        while True:
            page = await self.read_all(after=position, limit=batch, filter=filter)
            if page.through > position:
                position = page.through
                yield page
            if len(page.events) < batch:
                await self._tail.beyond(position)

    async def head(self) -> int:
        """Return the position of the last event; 0 if the log is empty."""
        return await self._readers.run(_head)

    async def recorded_after(self, position: int) -> int | None:
        """Tell when the first event above a position was recorded; see `EventStore.recorded_after`."""
        values = {"position": position}
        row = await self._readers.run(lambda connection: connection.execute(_RECORDED_AFTER, values).fetchone())
        return None if row is None else int(row[0])


def _head(connection: sqlite3.Connection) -> int:
    return int(connection.execute(_HEAD).fetchone()[0])
