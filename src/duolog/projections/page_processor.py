"""Applies pages of the log to a share of the view of one projection, and parks what cannot be applied."""

import asyncio
import logging
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from duolog.codec.event_codec import EventCodec
from duolog.dispatch.shield import shielded
from duolog.errors import DatabaseError, UnknownEventError
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.messages.recorded import Recorded
from duolog.projections.event_keys import EventKeys
from duolog.projections.handling import Handling
from duolog.projections.poison import Poison
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
        batch: those that are handed over at once.
        stopped: keys that stop in this slice.
    """

    count: int
    own: list[RecordedEvent] = field(default_factory=list[RecordedEvent])
    parked: list[ParkedEvent] = field(default_factory=list[ParkedEvent])
    batch: list[Recorded[Any]] = field(default_factory=list[Recorded[Any]])
    stopped: set[Key] = field(default_factory=set[Key])


class ProjectionPageProcessor:
    """A `PageProcessor` that folds events into a projection's view, in the transaction that moves the checkpoint.

    A page is one transaction, or several slices if it takes long: a slice that holds the writer ends soon, so that
    commands get their turn, and one that does not ends after a second, so that slow handlers get on. A set-based
    projection gets a page at once. If an event cannot be applied, its slice is rolled back and what is left of the page
    is applied in a transaction each; the one that fails is parked, which stops its key (tenant and stream) and nothing
    else. So is one that alone holds the writer for longer than a session may. See `Poison` for what is not parked.

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
        poison: decides what becomes of an event that cannot be applied.
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
        poison: Poison | None = None,
    ) -> None:
        self._projection = projection
        self._share = share
        self._preparation = preparation
        self._open_view = open_view
        self._open_projection = open_projection
        self._keys = EventKeys(projection, codec)
        self._is_keyed = projection.is_keyed()
        self._parking = parking
        self._poison = poison or Poison()
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
        self._keys.forget()
        return ready.position

    def foresee(self, events: Sequence[RecordedEvent]) -> None:
        """Decode events whose page comes soon, while another one is applied."""
        self._keys.read_ahead(events)

    async def apply(self, page: EventPage, move: CheckpointMove) -> None:
        """Apply a page in as few transactions as its handlers' pace allows, or one an event if one is refused.

        Raises:
            UnknownEventError: a newer release may know an event, and is waited for.
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
            await self._apply_alone(recorded, step)
            position = recorded.position
        if position < move.new:
            await self._apply((), move.over((), old=position))

    async def _apply_alone(self, recorded: RecordedEvent, move: CheckpointMove) -> None:
        attempts = 0
        while True:
            try:
                await self._apply((recorded,), move)
            except _EventRefusedError as refused:
                error = refused.error
            else:
                return
            pause = self._poison.pause(error, attempts)
            if pause is None:
                await self._park(recorded, self._poison.failure(recorded, error), move)
                return
            attempts += 1
            await asyncio.sleep(pause)

    async def _apply(self, events: Sequence[RecordedEvent], move: CheckpointMove) -> int:
        """Apply a slice: all events, or the first ones and the checkpoint to the last of them; return how many."""
        applied = _Slice(0)
        session = self._open_view(self._projection, self._share, self._role)
        try:
            if events:
                async with self._open_projection(self._projection, session) as projection:
                    with _refusals():
                        applied = await self._handle(Handling(projection), events, session)
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

    async def _handle(self, handling: Handling, events: Sequence[RecordedEvent], session: ViewSession) -> "_Slice":
        """Hand over the events of a slice whose key is this share's and not parked."""
        begun = time.monotonic()
        applied = _Slice(len(events))
        on_batch = handling.on_batch
        for at, recorded in enumerate(events):
            if at and (session.held_for > _LONGEST_HOLD or time.monotonic() - begun > _LONGEST_SLICE):
                applied.count = at
                break
            try:
                parts = self._parts(recorded, applied)
            except UnknownEventError:
                if not at:
                    raise
                applied.count = at  # what came before it need not wait
                break
            if on_batch is not None:
                applied.batch += handling.wanted(parts, recorded)
            elif parts:
                await handling.each(parts, recorded)
        if on_batch is not None and applied.batch:
            await on_batch(applied.batch)
        return applied

    def _parts(self, recorded: RecordedEvent, applied: _Slice) -> Sequence[object]:
        """Return what is to be handed over of an event: nothing if it is another share's, or is parked."""
        keyed = self._keys.read(recorded)
        if self._is_keyed and not self._share.buckets.hold(recorded.tenant, keyed.key):
            return ()
        applied.own.append(recorded)
        if keyed.error is None and not self._parked and not applied.stopped:
            return keyed.parts
        key = (recorded.tenant, keyed.key)
        if key in self._parked or key in applied.stopped:
            applied.parked.append(self._parked_event(recorded, keyed.key))
            return ()
        if keyed.error is not None:
            applied.stopped.add(key)
            failure = self._poison.failure(recorded, keyed.error)
            applied.parked.append(self._parked_event(recorded, keyed.key, failure))
            return ()
        return keyed.parts

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
            self._poison.parked(event.position)
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
        if is_transient(error) or isinstance(error, UnknownEventError):
            raise
        raise _EventRefusedError(error) from error
