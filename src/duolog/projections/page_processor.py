"""Applies pages of the log to the view of one projection, and parks what cannot be applied."""

import logging
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from duolog.codec.event_codec import EventCodec
from duolog.dispatch.shield import shielded
from duolog.errors import DatabaseError
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.projections.event_keys import EventKeys
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewSession
from duolog.projections.view_preparation import ViewPreparation
from duolog.projections.views import OpenProjection, OpenView
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.failure import Failure, is_transient
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.parking import ParkedEvent, Parking, ParkReason
from duolog.subscriptions.share import Share

_logger: Final = logging.getLogger("duolog.projections")

_LONGEST_HOLD: Final = 0.05
_LONGEST_SLICE: Final = 1.0

Key = tuple[str, str]


class _EventRefusedError(Exception):
    """A handler raised, or the database refused what it wrote.

    Attributes:
        error: what was raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(type(error)))
        self.error = error


@dataclass(slots=True)
class _Slice:
    """What was done with the first events of a page.

    Attributes:
        count: how many events the slice has.
        own: those that are this share's.
        parked: those of them that are undecodable or behind a parked one.
    """

    count: int
    own: list[RecordedEvent] = field(default_factory=list[RecordedEvent])
    parked: list[ParkedEvent] = field(default_factory=list[ParkedEvent])


class ProjectionPageProcessor:
    """A `PageProcessor` that folds events into a projection's view, in the transaction that moves the checkpoint.

    A page is one transaction, or several slices if it takes long: a slice that holds the writer ends soon, so that
    commands get their turn, and one that does not ends after a second, so that slow handlers get on. If an event
    cannot be applied, its slice is rolled back and what is left of the page is applied in a transaction each; the one
    that fails is parked, which stops its key (tenant and stream) and nothing else. So is one that alone holds the
    writer for longer than a session may.

    Where the projection declares a key, the share reads all events that are wanted and applies those whose key is in
    its buckets. An event that cannot be decoded, or whose key cannot be told, has its stream for a key.

    Args:
        projection: the projection's class.
        share: what of its view is advanced.
        preparation: brings the view to its version.
        open_view: opens the view.
        open_projection: builds the projection's instances.
        codec: decodes events; the projection's event types are registered with it.
        parking: tells what is parked.
    """

    def __init__(
        self,
        projection: type[Projection],
        share: Share,
        *,
        preparation: ViewPreparation,
        open_view: OpenView,
        open_projection: OpenProjection,
        codec: EventCodec,
        parking: Parking,
    ) -> None:
        self._projection = projection
        self._share = share
        self._preparation = preparation
        self._open_view = open_view
        self._open_projection = open_projection
        self._keys = EventKeys(projection, codec)
        self._parking = parking
        self._role = Role.LIVE
        self._parked: set[Key] = set()

    async def begin(self, lease: Lease) -> int:
        """Bring the view to this version, load what is parked, and return the stored position.

        Raises:
            LeaseLostError: somebody else advances the share, or it is divided anew, or another release has given the
                view another version since this process started.
        """
        ready = await self._preparation.ready(lease)
        self._role = ready.role
        self._parked = set(await self._parking.keys(self._share))
        return ready.position

    async def apply(self, page: EventPage, move: CheckpointMove) -> None:
        """Apply a page in as few transactions as its handlers' pace allows, or one an event if one is refused.

        Raises:
            LeaseLostError: somebody else advances the projection.
            DatabaseError: the database failed; the page may have been applied in part, up to its stored checkpoint.
        """
        left = page.events
        while True:
            try:
                applied = await self._apply(left, move)
            except _EventRefusedError:
                break
            if applied == len(left):
                return
            at, left = left[applied - 1].position, left[applied:]
            move = move.over(left, old=at)
        # Behind the handling of that error, which would else stand in the traceback of each that comes now.
        await self._apply_one_by_one(left, move)

    async def _apply_one_by_one(self, events: Sequence[RecordedEvent], move: CheckpointMove) -> None:
        position = move.old
        for recorded in events:
            step = move.over((recorded,), old=position, new=recorded.position)
            try:
                await self._apply((recorded,), step)
            except _EventRefusedError as refused:
                await self._park(recorded, Failure.of(refused.error), step)
            position = recorded.position
        if position < move.new:
            await self._apply((), move.over((), old=position))

    async def _apply(self, events: Sequence[RecordedEvent], move: CheckpointMove) -> int:
        """Apply a slice: all events, or the first ones and the checkpoint to the last of them; return how many."""
        applied = _Slice(0)
        session = self._open_view(self._projection, self._share, self._role)
        try:
            if events:
                async with self._open_projection(self._projection, session) as projection:
                    applied = await self._handle(projection, events, session)
            new = move.new if applied.count == len(events) else events[applied.count - 1].position
            try:
                await session.commit(move.over(applied.own, new=new), applied.parked)
            except DatabaseError as error:
                if is_transient(error):
                    raise
                raise _EventRefusedError(error) from error
        finally:
            await shielded(session.close())
        self._note(applied.parked)
        return applied.count

    async def _handle(self, projection: Projection, events: Sequence[RecordedEvent], session: ViewSession) -> "_Slice":
        """Call the methods for the events of a slice whose key is this share's and not parked."""
        begun = time.monotonic()
        handlers = self._projection.handlers()
        methods = {cls: getattr(projection, handler.method) for cls, handler in handlers.items()}
        applied = _Slice(len(events))
        stopped: set[Key] = set()
        with _refusals():
            for at, recorded in enumerate(events):
                if at and (session.held_for > _LONGEST_HOLD or time.monotonic() - begun > _LONGEST_SLICE):
                    applied.count = at
                    return applied
                keyed = self._keys.read(recorded)
                if not self._share.buckets.hold(recorded.tenant, keyed.key):
                    continue
                applied.own.append(recorded)
                key = (recorded.tenant, keyed.key)
                if key in self._parked or key in stopped:
                    applied.parked.append(self._parked_event(recorded, keyed.key))
                    continue
                if keyed.error is not None:
                    stopped.add(key)
                    applied.parked.append(self._parked_event(recorded, keyed.key, Failure.of(keyed.error)))
                    continue
                for event in keyed.parts:
                    handler = handlers.get(type(event))
                    if handler is None:
                        continue  # an upcast made it beside others that are wanted
                    if handler.takes_recorded:
                        await methods[type(event)](event, recorded)
                    else:
                        await methods[type(event)](event)
        return applied

    async def _park(self, recorded: RecordedEvent, failure: Failure, move: CheckpointMove) -> None:
        parked = (self._parked_event(recorded, self._keys.read(recorded).key, failure),)
        session = self._open_view(self._projection, self._share, self._role)
        try:
            await session.commit(move, parked)
        finally:
            await shielded(session.close())
        self._note(parked)

    def _parked_event(self, recorded: RecordedEvent, key: str, failure: Failure | None = None) -> ParkedEvent:
        return ParkedEvent(
            self._projection.name,
            recorded.tenant,
            key,
            recorded.position,
            recorded.type,
            ParkReason.BEHIND_PARKED if failure is None else failure.reason,
            "" if failure is None else failure.error,
            "" if failure is None else failure.traceback,
            generation=self._share.generation,
        )

    def _note(self, parked: Sequence[ParkedEvent]) -> None:
        for event in parked:
            self._parked.add((event.tenant, event.key))
            if event.reason is not ParkReason.BEHIND_PARKED:
                # The error's text may hold values of the event: it is in the parked row, not in the log file.
                where = (self._projection.name, event.type, event.position, event.reason.value)
                _logger.error("projection %s parked event %s at position %d: %s", *where)


@contextmanager
def _refusals() -> Generator[None]:
    """Turn errors that are the event's fault into `_EventRefusedError`."""
    try:
        yield
    except Exception as error:
        if is_transient(error):
            raise
        raise _EventRefusedError(error) from error
