"""The log as plain lists and dicts. Every method runs within one step of the event loop, so each is atomic."""

import asyncio
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from duolog.adapters.memory.clock import DatabaseClock
from duolog.database.closed_log import closed_error, unreceivable_error
from duolog.errors import AppendConditionFailedError
from duolog.eventstore.appends import NOTHING_APPENDED, Append, Appended, check_appends, repeated_outcome
from duolog.eventstore.conditions import AppendCondition, EventQuery
from duolog.eventstore.expectations import check_expected
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventPage
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent


class MemoryLog:
    """Events by position, by stream and by id. Positions have no gaps, but those of a log that was received.

    Args:
        clock: dates what is recorded.

    Attributes:
        log_id: identity of the log.
        is_closed: whether appends are refused.
    """

    __slots__ = ("_by_id", "_clock", "_events", "_grown", "_positions", "_streams", "is_closed", "log_id")

    def __init__(self, clock: DatabaseClock) -> None:
        self.log_id = str(uuid7())
        self.is_closed = False
        self._clock = clock
        self._events: list[RecordedEvent] = []
        self._positions: list[int] = []
        self._streams: dict[tuple[str, str], list[RecordedEvent]] = {}
        self._by_id: dict[UUID, RecordedEvent] = {}
        self._grown = asyncio.Event()

    # --- writing ---------------------------------------------------------------------------------------------

    def repeated(self, appends: Sequence[Append], tenant: str) -> Appended | None:
        """Return the first outcome of appends that are in the log already, or None if they are new.

        Raises:
            EventIdReusedError: an event id is in the log with other content, or only some of the ids are.
            PayloadError: an append has no events, or there are too many.
            StreamNameError: a stream's name is not of the form ``category-id``.
        """
        check_appends(appends)
        recorded = self.by_ids([event.event_id for append in appends for event in append.events])
        return repeated_outcome(appends, recorded, tenant)

    def check(
        self, appends: Sequence[Append], conditions: Sequence[AppendCondition], tenant: str
    ) -> Sequence[RecordedEvent]:
        """Check conditions and expected versions, and return the events as `record` may record them in this step.

        Raises:
            LogClosedError: the log was moved, or is on its way in.
            AppendConditionFailedError: a condition does not hold any more.
            WrongExpectedVersionError: a stream is at another version.
        """
        if self.is_closed:
            raise closed_error()
        for condition in conditions:
            self._check_condition(condition)
        now = self._clock.now()
        position = self.head
        events: list[RecordedEvent] = []
        versions: defaultdict[str, int] = defaultdict(int)
        for append in appends:
            version = versions[append.stream] or len(self._streams.get((tenant, append.stream), ()))
            check_expected(append.stream, append.expected, version)
            partition = partition_of(tenant, append.stream)
            for event in append.events:
                position += 1
                version += 1
                events.append(
                    RecordedEvent(
                        position=position,
                        tenant=tenant,
                        stream=append.stream,
                        version=version,
                        event_id=event.event_id,
                        type=event.type,
                        schema_version=event.schema_version,
                        tags=event.tags,
                        partition=partition,
                        data=event.data,
                        metadata=event.metadata,
                        recorded_at=now,
                    )
                )
            versions[append.stream] = version
        return events

    def record(self, events: Sequence[RecordedEvent]) -> Appended:
        """Record what `check` returned, and wake whoever waits for more."""
        if not events:
            return NOTHING_APPENDED
        for event in events:
            self._events.append(event)
            self._positions.append(event.position)
            self._streams.setdefault((event.tenant, event.stream), []).append(event)
            self._by_id[event.event_id] = event
        self._grown.set()
        self._grown = asyncio.Event()
        versions = {event.stream: event.version for event in events}
        partitions = frozenset(event.partition for event in events)
        return Appended(events[0].position, events[-1].position, versions, partitions)

    def receive(self, events: Sequence[RecordedEvent]) -> None:
        """Record events as they are, in this step.

        Raises:
            TransferError: their positions do not increase, or an event id or a stream's version stands twice.
        """
        head, ids = self.head, set[UUID]()
        versions: defaultdict[tuple[str, str], int] = defaultdict(int)
        for event in events:
            at = (event.tenant, event.stream)
            version = versions[at] or len(self._streams.get(at, ()))
            is_known = event.event_id in self._by_id or event.event_id in ids
            if event.position <= head or is_known or event.version != version + 1:
                raise unreceivable_error()
            head, versions[at] = event.position, event.version
            ids.add(event.event_id)
        self.record(events)

    def clear(self) -> None:
        """Forget all events, and become another log."""
        self.log_id = str(uuid7())
        self._events.clear()
        self._positions.clear()
        self._streams.clear()
        self._by_id.clear()

    # --- reading ---------------------------------------------------------------------------------------------

    @property
    def head(self) -> int:
        """Position of the last event; 0 if there is none."""
        return self._positions[-1] if self._positions else 0

    @property
    def grown(self) -> asyncio.Event:
        """Is set when the next events are recorded."""
        return self._grown

    def stream(self, tenant: str, stream: str) -> Sequence[RecordedEvent]:
        """Return all events of a stream, by version."""
        return self._streams.get((tenant, stream), ())

    def page(self, after: int, limit: int, wanted: EventFilter) -> EventPage:
        """Return up to ``limit`` wanted events above ``after``."""
        found: list[RecordedEvent] = []
        for index in range(bisect_right(self._positions, after), len(self._events)):
            event = self._events[index]
            if wanted.matches(event):
                found.append(event)
                if len(found) == limit:
                    return EventPage(found, event.position)
        return EventPage(found, max(after, self.head))

    def by_ids(self, event_ids: Sequence[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Return those of the events with these ids that are recorded."""
        return {event_id: self._by_id[event_id] for event_id in event_ids if event_id in self._by_id}

    def matching(self, query: EventQuery, tenant: str) -> tuple[RecordedEvent, ...]:
        """Return all events of a tenant that ``query`` matches, by position."""
        return tuple(
            event for event in self._events if event.tenant == tenant and query.matches(event.type, event.tags)
        )

    def _check_condition(self, condition: AppendCondition) -> None:
        for event in self._events[bisect_right(self._positions, condition.horizon) :]:
            if (
                event.tenant == condition.tenant
                and event.position not in condition.seen
                and condition.query.matches(event.type, event.tags)
            ):
                raise AppendConditionFailedError(key=str(condition.query), position=event.position)
