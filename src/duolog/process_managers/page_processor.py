"""Lets a reactor or process manager react to pages of the log, and parks what it cannot handle."""

import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from duolog.codec.command_codec import CommandCodec
from duolog.codec.event_codec import EventCodec
from duolog.dispatch.shield import shielded
from duolog.errors import StaleRowError, UndecodableEventError
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventPage, EventStore
from duolog.messages.envelope import RecordedEvent, StoredMetadata, stored_metadata
from duolog.messages.event import stored_names
from duolog.process_managers.process_manager import Reactor, manager_of
from duolog.process_managers.states import Place, ProcessStates
from duolog.process_managers.work import Work
from duolog.scheduling.command_schedule import CommandSchedule
from duolog.scheduling.due_signal import DueSignal
from duolog.subscriptions.checkpoints import Checkpoint, CheckpointMove
from duolog.subscriptions.failure import Failure, is_transient
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.parking import ParkedEvent, Parking, ParkReason
from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import Parameters

_MOST_ATTEMPTS: Final = 5
_logger: Final = logging.getLogger("duolog.processes")


class ReactionSession(ReadDatabase, Protocol):
    """One page: commands, processes, what is parked and the checkpoint commit together or not at all."""

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Buffer a writing statement."""
        ...

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Buffer a writing statement for each row."""
        ...

    async def execute_now(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a writing statement, and return how many rows it changed."""
        ...

    async def commit(
        self, move: CheckpointMove, parked: Sequence[ParkedEvent] = (), *, unparked: Sequence[int] = ()
    ) -> None:
        """Write everything, and commit; see `ViewSession.commit`."""
        ...

    async def close(self) -> None:
        """Roll back what was not committed. May be called twice."""
        ...


OpenReactor = Callable[[type[Reactor], ReactionSession], AbstractAsyncContextManager[Reactor]]
"""Returns a context that builds a reactor for one page, and gives up what it needed."""


@dataclass(frozen=True, slots=True)
class ReactionPorts:
    """What reactions need of the application.

    Attributes:
        store: the log.
        schedule: where commands go.
        states: where processes are kept.
        parking: tells what is parked.
        prepare: makes a reactor's checkpoint where there is none; the lease is its owner's, or None.
        open_session: opens the session of one page of a reactor.
        open_reactor: builds its instances.
        events: decodes events.
        commands: encodes commands.
        signal: is set after a commit that schedules.
    """

    store: EventStore
    schedule: CommandSchedule
    states: ProcessStates
    parking: Parking
    prepare: Callable[[type[Reactor], Lease | None], Awaitable[Sequence[Checkpoint]]]
    open_session: Callable[[type[Reactor]], ReactionSession]
    open_reactor: OpenReactor
    events: EventCodec
    commands: CommandCodec
    signal: DueSignal


@dataclass(frozen=True, slots=True)
class _Decoded:
    """An event of a page.

    Attributes:
        recorded: the event.
        parts: what it is today.
        failure: why it cannot be told what it is.
    """

    recorded: RecordedEvent
    parts: tuple[object, ...] = ()
    failure: Failure | None = None


class ReactorPageProcessor:
    """A `PageProcessor` whose outcome is commands and processes, in the transaction that moves the checkpoint.

    Handlers only say what they want. So an event whose handler raises leaves nothing behind: it is parked, with the
    later ones of its process (or, of a reactor, of its stream), in the same transaction as the rest of its page.

    Args:
        reactor: the reactor's or process manager's class.
        ports: what it needs.
    """

    def __init__(self, reactor: type[Reactor], ports: ReactionPorts) -> None:
        self._reactor = reactor
        self._manager = manager_of(reactor)
        self._ports = ports
        self._parked: set[Place] = set()
        ports.events.types.add_all(reactor.handlers())

    @property
    def name(self) -> str:
        """The reactor's name."""
        return self._reactor.name

    @property
    def filter(self) -> EventFilter:
        """The events that the reactor has methods for."""
        return EventFilter.of(types=[name for cls in self._reactor.handlers() for name in stored_names(cls)])

    async def create(self) -> None:
        """Make its checkpoint, and note where in the log it begins, if it has never run."""
        await self._ports.prepare(self._reactor, None)
        position = await self._ports.store.head() if self._reactor.starts == "now" else 0
        await self._ports.states.begin(self._reactor.name, position)

    async def begin(self, lease: Lease) -> int:
        """Load what is parked, and return the position after which it goes on."""
        (checkpoint,) = await self._ports.prepare(self._reactor, lease)
        beginning = await self._ports.states.begin(self._reactor.name, 0)
        self._parked = set(await self._ports.parking.keys(lease.share))
        if checkpoint.position >= beginning:
            return checkpoint.position
        skip = CheckpointMove(lease.share, checkpoint.version, lease.token, checkpoint.position, beginning)
        await self._commit(skip, ())
        return beginning

    async def apply(self, page: EventPage, move: CheckpointMove) -> None:
        """React to a page; see `PageProcessor.apply`."""
        if not page.events:
            await self._commit(move, ())
            return
        parked = await self._apply(page.events, move.over(page.events), self._parked)
        self._note(parked)

    async def react_again(
        self,
        events: Sequence[RecordedEvent],
        move: CheckpointMove,
        *,
        waiting: Collection[Place],
        skipped: Sequence[int],
    ) -> Sequence[ParkedEvent]:
        """React to parked events again, in one transaction in which those that could be handled are unparked.

        Args:
            events: in the order of their positions.
            move: from where the checkpoint is to the same position.
            waiting: processes and streams of which other events are parked: nothing of theirs is handled.
            skipped: positions of further events that are unparked.

        Returns:
            Those that are still parked.

        Raises:
            LeaseLostError: somebody else works on it; nothing was changed.
            DatabaseError: the database failed; nothing was changed.
        """
        return await self._apply(events, move, waiting, [*skipped, *(each.position for each in events)])

    async def _apply(
        self,
        events: Sequence[RecordedEvent],
        move: CheckpointMove,
        waiting: Collection[Place],
        unparked: Sequence[int] = (),
    ) -> Sequence[ParkedEvent]:
        for _ in range(_MOST_ATTEMPTS - 1):
            # A deadline may be reached after the processes were read.
            with contextlib.suppress(StaleRowError):
                return await self._apply_once(events, move, waiting, unparked)
        return await self._apply_once(events, move, waiting, unparked)

    async def _apply_once(
        self, events: Sequence[RecordedEvent], move: CheckpointMove, waiting: Collection[Place], unparked: Sequence[int]
    ) -> Sequence[ParkedEvent]:
        ports = self._ports
        decoded = [self._decode(recorded) for recorded in events]
        places = {self._place(part, each.recorded) for each in decoded for part in each.parts}
        stored = await ports.states.read(self._reactor.name, places)
        session = ports.open_session(self._reactor)
        try:
            async with ports.open_reactor(self._reactor, session) as instance:
                work = Work(
                    self._reactor,
                    instance,
                    stored,
                    schedule=ports.schedule,
                    states=ports.states,
                    codec=ports.commands,
                )
                parked = await self._react(work, decoded, waiting)
            for statement in work.statements():
                if statement.rows is None:
                    await session.execute(statement.sql, statement.parameters)
                elif (changed := await session.execute_now(statement.sql, statement.parameters)) != statement.rows:
                    raise StaleRowError(key=statement.key, expected=statement.rows, actual=changed)
            await session.commit(move, parked, unparked=unparked)
        finally:
            await shielded(session.close())
        if work.sends_commands:
            ports.signal.set()
        return parked

    async def _react(self, work: Work, decoded: Sequence[_Decoded], waiting: Collection[Place]) -> list[ParkedEvent]:
        parked: list[ParkedEvent] = []
        stopped = set(waiting)
        for each in decoded:
            recorded = each.recorded
            stream = (recorded.tenant, recorded.stream)
            concerned = dict.fromkeys([stream, *(self._place(part, recorded) for part in each.parts)])
            behind = next((place for place in concerned if place in stopped), None)
            if behind is not None:
                parked.append(self._parked_event(recorded, behind))
                continue
            failure, at = each.failure, stream
            if failure is None:
                at = next(reversed(concerned))
                try:
                    await work.react(each.parts, recorded, cause_of(recorded))
                except Exception as error:
                    if is_transient(error):
                        raise
                    failure = Failure.of(error)
            if failure is not None:
                stopped.add(at)
                parked.append(self._parked_event(recorded, at, failure))
        return parked

    def _decode(self, recorded: RecordedEvent) -> _Decoded:
        try:
            parts = tuple(
                part for part in self._ports.events.decode_all(recorded) if type(part) in self._reactor.handlers()
            )
            for part in parts:
                self._place(part, recorded)
        except UndecodableEventError as error:
            return _Decoded(recorded, failure=Failure.of(error))
        except Exception as error:  # noqa: BLE001 - the application's own function of a key
            return _Decoded(recorded, failure=Failure.of(error))
        return _Decoded(recorded, parts)

    def _place(self, event: object, recorded: RecordedEvent) -> Place:
        key = recorded.stream if self._manager is None else self._manager.key_of(event)
        return recorded.tenant, key

    async def _commit(self, move: CheckpointMove, parked: Sequence[ParkedEvent]) -> None:
        session = self._ports.open_session(self._reactor)
        try:
            await session.commit(move, parked)
        finally:
            await shielded(session.close())

    def _parked_event(self, recorded: RecordedEvent, at: Place, failure: Failure | None = None) -> ParkedEvent:
        event = ParkedEvent(
            self._reactor.name, at[0], at[1], recorded.position, recorded.type, ParkReason.BEHIND_PARKED
        )
        if failure is None:
            return event
        return replace(event, reason=failure.reason, error=failure.error, traceback=failure.traceback)

    def _note(self, parked: Sequence[ParkedEvent]) -> None:
        for event in parked:
            self._parked.add((event.tenant, event.key))
            if event.reason is not ParkReason.BEHIND_PARKED:
                # The error's text may hold values of the event: it is in the parked row, not in the log file.
                where = (self._reactor.name, event.type, event.position, event.reason.value)
                _logger.error("%s parked event %s at position %d: %s", *where)


def cause_of(recorded: RecordedEvent) -> StoredMetadata:
    """Return what commands inherit that react to an event: the event is their cause."""
    stored = stored_metadata(recorded)
    correlation = stored.correlation_id or recorded.event_id
    return StoredMetadata(correlation, recorded.event_id, stored.actor, stored.traceparent)
