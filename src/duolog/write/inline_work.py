"""Units of work whose events are shown by inline views, in their own transaction and before the append."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

from duolog.dispatch.shield import shielded
from duolog.errors import AppendConditionFailedError, IdempotencyKeyTakenError
from duolog.eventstore.appends import Append, Appended, repeated_outcome
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion, check_expected
from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.eventstore.port import EventPage, EventStore
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.write.idempotency import IdempotencyStore
from duolog.write.sealed_work import HeldWriter, SealedWork, WorkCommitter
from duolog.write.unit_sessions import UnitSessions
from duolog.write.unknown_outcome import CertainOutcomes

_HELD_SECONDS: Final = 5.0


class InlineViews(Protocol):
    """Writes the views of inline projections."""

    def concern(self, appends: Sequence[Append], /) -> bool:
        """Tell whether any of the events is shown in an inline view."""
        ...

    async def prepare(self, tenant: str, appends: Sequence[Append], writer: HeldWriter, /) -> None:
        """Wait until no other unit writes inline views of the same streams; the first thing in the transaction."""
        ...

    async def show(self, tenant: str, appends: Sequence[Append], writer: HeldWriter, /) -> None:
        """Write the views in the transaction that will append the events.

        Raises:
            InlineProjectionError: an event cannot be shown.
        """
        ...


class InlineWork:
    """Runs the part of a unit of work that comes before its append, where inline views show its events.

    Such a unit holds the writer, in which statements and views are written, and shares its transaction with nobody.

    Args:
        views: the application's inline views; None if there are none.
        store: tells what a refused unit would have met.
        keys: tells whether another unit has committed the idempotency key; None where units have none.
    """

    __slots__ = ("_keys", "_store", "_views")

    def __init__(self, views: InlineViews | None, store: EventStore, keys: IdempotencyStore | None) -> None:
        self._views = views
        self._store = store
        self._keys = keys

    async def before(self, work: SealedWork, sessions: UnitSessions) -> SealedWork:
        """Run a unit's statements and write its inline views, in a transaction that ``sessions`` then holds.

        Args:
            work: the unit.
            sessions: what it has open; the writer is taken if it was not.

        Returns:
            What is left to commit: the unit itself if no inline view shows its events, or if they are in the log
            already.

        Raises:
            InlineProjectionError: an event cannot be shown.
            ConflictError: the append would not have succeeded either.
            IdempotencyKeyTakenError: another unit has committed the key.
            DatabaseError: the database failed.
            Exception: the domain error that a statement declares for a broken constraint.
        """
        if self._views is None or not self._views.concern(work.appends):
            return work
        writer = sessions.held or await sessions.hold_writer(seconds=_HELD_SECONDS)
        try:
            await self._views.prepare(work.tenant, work.appends, writer)
            for statement in work.statements:
                await writer.run(statement)
            await self._views.show(work.tenant, work.appends, writer)
        except Exception:
            await shielded(sessions.close())
            # The view may show already what this unit cannot append any more: then that is the reason.
            if await self._is_repeated(work):
                return work
            raise
        return replace(work, statements=())

    async def _is_repeated(self, work: SealedWork) -> bool:
        """Tell whether a refused unit's events are in the log, and raise what its append would have met."""
        record = work.idempotency
        if record is not None and self._keys is not None:
            stored = await self._keys.find(record.scope, record.key)
            if stored is not None:
                message = "another unit of work has committed this idempotency key"
                raise IdempotencyKeyTakenError(message)
        ids = [event.event_id for append in work.appends for event in append.events]
        if repeated_outcome(work.appends, await self._store.read_events(ids), work.tenant) is not None:
            return True
        versions: dict[str, int] = {}
        for append in work.appends:
            if append.stream not in versions:
                latest = await self._store.read_stream(append.stream, limit=1, backward=True, tenant=work.tenant)
                versions[append.stream] = latest[0].version if latest else 0
            check_expected(append.stream, append.expected, versions[append.stream])
            versions[append.stream] += len(append.events)
        for condition in work.conditions:
            boundary = await self._store.read_boundary(condition.query, tenant=condition.tenant)
            for event in boundary.events:
                if event.position > condition.horizon and event.position not in condition.seen:
                    raise AppendConditionFailedError(key=str(condition.query), position=event.position)
        return False


class InlineEventStore:
    """An `EventStore` whose appends show their events in inline views, as units of work do.

    Args:
        store: the log.
        committer: commits the appends.
        views: the application's inline views.
    """

    __slots__ = ("_committer", "_inline", "_outcomes", "_store")

    def __init__(self, store: EventStore, committer: WorkCommitter, views: InlineViews) -> None:
        self._store = store
        self._committer = committer
        self._inline = InlineWork(views, store, None)
        self._outcomes = CertainOutcomes(committer, store, None)

    @property
    def log_id(self) -> str:
        """Identity of this log."""
        return self._store.log_id

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

        Raises:
            InlineProjectionError: an inline view cannot show an event; nothing was appended.
        """
        work = SealedWork(tenant=tenant, appends=tuple(appends), conditions=tuple(conditions))
        sessions = UnitSessions(self._committer)
        try:
            left = await self._inline.before(work, sessions)
            return await self._outcomes.of((sessions.held or self._committer).commit(left), left)
        finally:
            await shielded(sessions.close())

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
        return await self._store.read_stream(
            stream, after_version=after_version, limit=limit, backward=backward, tenant=tenant
        )

    async def read_all(
        self,
        *,
        after: int = 0,
        limit: int = 1_000,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> EventPage:
        """Read the log from a position on; see `EventStore.read_all`."""
        return await self._store.read_all(after=after, limit=limit, filter=filter)

    async def read_events(self, event_ids: Sequence[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Return those of the events with these ids that are in the log, by id."""
        return await self._store.read_events(event_ids)

    async def read_boundary(self, query: EventQuery, *, tenant: str = "") -> Boundary:
        """Read all events that match, and the condition that they imply; see `EventStore.read_boundary`."""
        return await self._store.read_boundary(query, tenant=tenant)

    def subscribe(
        self,
        *,
        after: int = 0,
        batch: int = 500,
        filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
    ) -> AsyncGenerator[EventPage, None]:
        """Follow the log from a position on; see `EventStore.subscribe`."""
        return self._store.subscribe(after=after, batch=batch, filter=filter)

    async def head(self) -> int:
        """Return the position of the last event; 0 if the log is empty."""
        return await self._store.head()

    async def recorded_after(self, position: int) -> int | None:
        """Tell when the first event above a position was recorded; see `EventStore.recorded_after`."""
        return await self._store.recorded_after(position)
