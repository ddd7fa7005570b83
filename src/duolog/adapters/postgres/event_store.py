"""The log on a PostgreSQL server."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Final
from uuid import UUID

from duolog.adapters.postgres.boundary_reads import BoundaryReads
from duolog.adapters.postgres.committer import PostgresWorkCommitter
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.event_rows import events_from_rows, load_event_sql
from duolog.adapters.postgres.filter_sql import filtered_events
from duolog.adapters.postgres.horizon import Horizon
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.tail import Tail
from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.write.sealed_work import SealedWork
from duolog.write.unknown_outcome import CertainOutcomes

_GREATEST_VERSION: Final = 2**31 - 1


class PostgresEventStore:
    """An `EventStore`; its docstring is the contract.

    Args:
        log_id: identity of this incarnation of the log.
        connections: where connections for reading come from.
        committer: appends.
        horizon: how far the log is settled.
        tail: waits for more.
    """

    __slots__ = ("_backward", "_boundaries", "_by_id", "_committer", "_connections", "_forward", "_head", "_horizon",
                 "_log_id", "_outcomes", "_schema", "_tail")  # fmt: skip

    def __init__(
        self,
        *,
        log_id: str,
        connections: Connections,
        committer: PostgresWorkCommitter,
        horizon: Horizon,
        tail: Tail,
    ) -> None:
        schema = connections.location.schema
        self._log_id = log_id
        self._boundaries = BoundaryReads(connections, horizon)
        self._connections = connections
        self._committer = committer
        self._horizon = horizon
        self._tail = tail
        self._outcomes = CertainOutcomes(committer, self, None)
        self._schema = schema
        self._head = load_sql("head", schema)
        self._by_id = load_event_sql("read_events_by_id", schema)
        self._forward = load_event_sql("read_stream_forward", schema)
        self._backward = load_event_sql("read_stream_backward", schema)

    @property
    def log_id(self) -> str:
        """Identity of this incarnation of the log: its id, the server's system identifier and its timeline."""
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
        """Append to several streams at once; see `EventStore.append_all`.

        If the connection is lost meanwhile, it is found out what became of it; it is never sent again.
        """
        work = SealedWork(tenant=tenant, appends=tuple(appends), conditions=tuple(conditions))
        return await self._outcomes.of(self._committer.commit(work), work)

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
        version = (after_version or _GREATEST_VERSION) if backward else after_version
        sql = self._backward if backward else self._forward
        return events_from_rows(
            await self._connections.fetch(sql, tenant, stream, min(version, _GREATEST_VERSION), limit)
        )

    async def read_all(
        self,
        *,
        after: int = 0,
        limit: int = 1_000,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> EventPage:
        """Read the log from a position on; see `EventStore.read_all`.

        Whoever is writing just now is not waited for: the page ends before the first position that may still be
        filled.
        """
        page = await self._page(after, limit, filter)
        if len(page.events) >= limit:
            return page  # a rebuild reads page after page below the horizon, and needs no look at the fence
        if await self._horizon.look() <= page.through:
            return page
        # What was read below the old horizon is complete for good: only what was settled since is read.
        rest = await self._page(page.through, limit - len(page.events), filter)
        return EventPage([*page.events, *rest.events], rest.through)

    async def read_events(self, event_ids: Sequence[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Return those of the events with these ids that are in the log, by id."""
        events = events_from_rows(await self._connections.fetch(self._by_id, event_ids))
        return {event.event_id: event for event in events}

    async def read_boundary(self, query: EventQuery, *, tenant: str = "") -> Boundary:
        """Read all events that match, and the condition that they imply; see `EventStore.read_boundary`."""
        return await self._boundaries.read(query, tenant)

    async def subscribe(
        self,
        *,
        after: int = 0,
        batch: int = 500,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> AsyncGenerator[EventPage, None]:
        """Follow the log from a position on, without end; see `EventStore.subscribe`."""
        position = after
        ahead: asyncio.Task[EventPage] | None = None
        try:
            while True:
                if ahead is None:
                    await self._tail.beyond(position)
                    page = await self._page(position, batch, filter)
                else:
                    page = await ahead
                    ahead = None
                position = page.through
                if self._horizon.position > position:
                    ahead = asyncio.create_task(self._page(position, batch, filter), name="duolog-postgres-read-ahead")
                    await asyncio.sleep(0)  # who works on a page may let nobody else run: the next is asked for before
                yield page
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def head(self) -> int:
        """Return the position of the last event; 0 if the log is empty."""
        row = await self._connections.fetch_row(self._head)
        return 0 if row is None else int(row[0])

    async def recorded_after(self, position: int) -> int | None:
        """Tell when the first event above a position was recorded; see `EventStore.recorded_after`."""
        row = await self._connections.fetch_row(load_sql("recorded_after", self._schema), position)
        return None if row is None else int(row[0])

    async def _page(self, after: int, limit: int, wanted: EventFilter) -> EventPage:
        """Read below the horizon as it is known before, in one statement of its own."""
        settled = self._horizon.position
        if settled <= after:
            return EventPage([], after)
        sql, values = filtered_events(wanted, self._schema, after=after, through=settled, limit=limit)
        events = events_from_rows(await self._connections.fetch(sql, *values))
        # A full page may have left wanted events behind its last one; a short one has looked at all there is.
        return EventPage(events, events[-1].position if len(events) >= limit else settled)
