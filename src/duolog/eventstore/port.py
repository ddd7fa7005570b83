"""The event store's port. Its contract is a test suite, `duolog.testing.contracts`, that every backend passes."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.messages.envelope import NewEvent, RecordedEvent


@dataclass(frozen=True, slots=True)
class EventPage:
    """A stretch of the log.

    Attributes:
        events: the wanted events, by position.
        through: the last position that was looked at; nothing wanted is missing up to it, now or later.
    """

    events: Sequence[RecordedEvent]
    through: int


class EventStore(Protocol):
    """An append-only log of events in streams, with one global order.

    Atomicity: an append is recorded as a whole or not at all, over all its streams; when it returns, its events
    survive a crash (as far as the backend's settings promise).
    Order: positions increase strictly in the order of delivery; versions of a stream are 1, 2, 3, ... without gaps
    and in the order of positions. No reader ever sees an event appear below a position it has passed.
    Concurrency: every method may be called from any number of tasks of the loop on which the store was opened, and
    of other processes on the same log; appends to one stream are linearizable by expected version.
    Errors: every method may raise `DatabaseError`; a cancelled append is either recorded as a whole or not at all.
    """

    @property
    def log_id(self) -> str:
        """Identity of this log; changes when it is restored or replaced."""
        ...

    async def append(
        self,
        stream: str,
        events: Sequence[NewEvent],
        expected: ExpectedVersion = ANY_VERSION,
        *,
        condition: AppendCondition | None = None,
        tenant: str = "",
    ) -> Appended:
        """Append events to one stream.

        Args:
            stream: the stream's name, ``category-id``.
            events: one event or more, in order.
            expected: what the stream must look like before.
            condition: fails the append if an event that matches it was recorded unseen.
            tenant: whose stream it is.

        Returns:
            Positions and the stream's version. The very same events again (by id, stream, type and content) give the
            first outcome, whatever is expected.

        Raises:
            WrongExpectedVersionError: the stream is at another version.
            AppendConditionFailedError: the condition does not hold any more.
            EventIdReusedError: an event id is in the log with other content, or only some of the ids are.
            PayloadError: there is nothing to append, or too much.
            StreamNameError: the stream's name is not of the form ``category-id``.
            DatabaseFullError: there is no room; nothing was recorded.
            OutcomeUnknownError: whether it was recorded cannot be told.
        """
        ...

    async def append_all(
        self, appends: Sequence[Append], *, conditions: Sequence[AppendCondition] = (), tenant: str = ""
    ) -> Appended:
        """Append to several streams at once, all or nothing, in the given order.

        A stream may stand several times; each append sees those before it. Arguments, result and errors are those of
        `append`.
        """
        ...

    async def read_stream(
        self,
        stream: str,
        *,
        after_version: int = 0,
        limit: int | None = None,
        backward: bool = False,
        tenant: str = "",
    ) -> Sequence[RecordedEvent]:
        """Read a stream.

        Args:
            stream: the stream's name.
            after_version: forward: read versions above it; backward: ignored if 0, else read versions below it.
            limit: read at most so many events; None for all.
            backward: newest first.
            tenant: whose stream it is.

        Returns:
            The events; none if there is no such stream.
        """
        ...

    async def read_all(
        self,
        *,
        after: int = 0,
        limit: int = 1_000,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> EventPage:
        """Read the log from a position on.

        Args:
            after: read positions above it.
            limit: read at most so many wanted events, 1 or more.
            filter: which events are wanted.

        Returns:
            The events, and the position up to which this answer is complete for good.
        """
        ...

    async def read_events(self, event_ids: Sequence[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Return those of the events with these ids that are in the log, by id."""
        ...

    async def read_boundary(self, query: EventQuery, *, tenant: str = "") -> Boundary:
        """Read all events that match ``query``, and a condition that holds until another one is recorded."""
        ...

    def subscribe(
        self,
        *,
        after: int = 0,
        batch: int = 500,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> AsyncGenerator[EventPage, None]:
        """Follow the log from a position on, without end: what is there, then what comes.

        A page without events says that everything up to ``through`` was unwanted. Waking up is a hint in process; a
        poll stands behind it, so that other processes' appends arrive as well.

        Args:
            after: start above this position.
            batch: at most so many events a page.
            filter: which events are wanted.
        """
        ...

    async def head(self) -> int:
        """Return the position of the last event; 0 if the log is empty."""
        ...

    async def recorded_after(self, position: int) -> int | None:
        """Tell when the first event above a position was recorded, also one that readers do not get yet.

        Args:
            position: a position of the log.

        Returns:
            Microseconds since 1970, by the database's clock; None if there is none.
        """
        ...
