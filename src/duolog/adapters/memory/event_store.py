"""The event store's port over the log in memory."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from uuid import UUID

from duolog.adapters.memory.log import MemoryLog
from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.write.sealed_work import SealedWork, WorkCommitter


class MemoryEventStore:
    """An `EventStore` in this process's memory: reads see the log at once, appends take their turn at the writer.

    Args:
        log: the events.
        committer: commits the appends.
    """

    __slots__ = ("_committer", "_log")

    def __init__(self, log: MemoryLog, committer: WorkCommitter) -> None:
        self._log = log
        self._committer = committer

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        return self._log.log_id

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
        return await self.append_all([Append(stream, tuple(events), expected)], conditions=conditions, tenant=tenant)

    async def append_all(
        self, appends: Sequence[Append], *, conditions: Sequence[AppendCondition] = (), tenant: str = ""
    ) -> Appended:
        """Append to several streams at once; see `EventStore.append_all`."""
        return await self._committer.commit(SealedWork(tenant, (), tuple(appends), tuple(conditions)))

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
        events = self._log.stream(tenant, stream)
        if not backward:
            return events[after_version:][:limit]
        below = events[: after_version - 1] if after_version else events
        return below[::-1][:limit]

    async def read_all(
        self,
        *,
        after: int = 0,
        limit: int = 1_000,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> EventPage:
        """Read the log from a position on; see `EventStore.read_all`."""
        return self._log.page(after, limit, filter)

    async def read_events(self, event_ids: Sequence[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Return those of the events with these ids that are in the log, by id."""
        return self._log.by_ids(event_ids)

    async def read_boundary(self, query: EventQuery, *, tenant: str = "") -> Boundary:
        """Read all events that match ``query``; see `EventStore.read_boundary`."""
        return Boundary(self._log.matching(query, tenant), AppendCondition(query, self._log.head, tenant=tenant))

    async def subscribe(
        self,
        *,
        after: int = 0,
        batch: int = 500,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> AsyncGenerator[EventPage, None]:
        """Follow the log from a position on; see `EventStore.subscribe`."""
        while True:
            grown = self._log.grown
            page = self._log.page(after, batch, filter)
            if page.through > after:
                after = page.through
                yield page
            else:
                await grown.wait()

    async def head(self) -> int:
        """Return the position of the last event; 0 if the log is empty."""
        return self._log.head

    async def recorded_after(self, position: int) -> int | None:
        """Tell when the first event above a position was recorded; see `EventStore.recorded_after`."""
        return next((each.recorded_at for each in self._log.page(position, 1, ALL_EVENTS).events), None)
