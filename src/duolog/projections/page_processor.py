"""Applies pages of the log to the view of one projection, and parks what cannot be applied."""

import logging
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from duolog.codec.event_codec import EventCodec
from duolog.dispatch.shield import shielded
from duolog.errors import ConfigurationError, DatabaseError, LeaseLostError, UndecodableEventError
from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.messages.event import stored_names
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewSession
from duolog.projections.views import OpenProjection, OpenView, PrepareView
from duolog.subscriptions.checkpoints import CheckpointMove, Checkpoints
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


class ProjectionPageProcessor:
    """A `PageProcessor` that folds events into a projection's view, in the transaction that moves the checkpoint.

    A page is one transaction, or several slices if it takes long: a slice that holds the writer ends soon, so that
    commands get their turn, and one that does not ends after a second, so that slow handlers get on. If an event
    cannot be applied, its slice is rolled back and what is left of the page is applied in a transaction each; the one
    that fails is parked, which stops its key (tenant and stream) and nothing else. So is one that alone holds the
    writer for longer than a session may.

    Args:
        projection: the projection's class.
        prepare_view: brings its view to its version.
        open_view: opens its view.
        open_projection: builds its instances.
        codec: decodes events; the projection's event types are registered with it.
        checkpoints: tells which version the view has.
        parking: tells what is parked.

    Raises:
        ConfigurationError: the projection has no ``on_...`` method.
        UnnamedTypeError: two event classes share a stored name.
    """

    def __init__(
        self,
        projection: type[Projection],
        *,
        prepare_view: PrepareView,
        open_view: OpenView,
        open_projection: OpenProjection,
        codec: EventCodec,
        checkpoints: Checkpoints,
        parking: Parking,
    ) -> None:
        self._projection = projection
        self._prepare_view = prepare_view
        self._open_view = open_view
        self._open_projection = open_projection
        self._codec = codec
        self._checkpoints = checkpoints
        self._parking = parking
        _check_has_handlers(projection)
        codec.types.add_all(projection.handlers())
        self._parked: set[Key] = set()
        self._share = Share(projection.name)
        self._role = Role.LIVE
        self._found_version = projection.version

    @property
    def filter(self) -> EventFilter:
        """The events that the projection has methods for."""
        return EventFilter.of(types=[name for cls in self._projection.handlers() for name in stored_names(cls)])

    async def create_view(self) -> None:
        """Create the view if there is none; one of another version is made anew only once its lease is taken.

        Raises:
            StatementError: the DDL of its tables is wrong.
        """
        checkpoints = await self._checkpoints.read(self._projection.name)
        if not checkpoints:
            checkpoints = await self._prepare_view(self._projection, None)
        self._found_version = checkpoints[0].version

    async def begin(self, lease: Lease) -> int:
        """Bring the view to this version, load what is parked, and return the stored position.

        Raises:
            LeaseLostError: somebody else advances the projection, or another release has given the view another
                version since this process started.
        """
        share, own = lease.share, self._projection.version
        found = {checkpoint.version for checkpoint in await self._checkpoints.read(share.subscription)}
        if not found <= {own, self._found_version}:
            # Two releases that run side by side would otherwise drop each other's view again and again.
            message = f"view {share.subscription!r} went to version {max(found)}; this process has {own}"
            raise LeaseLostError(message)
        prepared = await self._prepare_view(self._projection, lease.token)
        checkpoint = next((each for each in prepared if each.share == share), None)
        if checkpoint is None:
            message = f"{share} was divided anew"
            raise LeaseLostError(message)
        self._share = share
        self._found_version = own
        self._parked = set(await self._parking.keys(share))
        return checkpoint.position

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
        applied = 0
        parked: list[ParkedEvent] = []
        session = self._open_view(self._projection, self._share, self._role)
        try:
            if events:
                async with self._open_projection(self._projection, session) as projection:
                    applied, parked = await self._handle(projection, events, session)
            if applied < len(events):
                move = move.over(events[:applied], new=events[applied - 1].position)
            try:
                await session.commit(move, parked)
            except DatabaseError as error:
                if is_transient(error):
                    raise
                raise _EventRefusedError(error) from error
        finally:
            await shielded(session.close())
        self._note(parked)
        return applied

    async def _handle(
        self, projection: Projection, events: Sequence[RecordedEvent], session: ViewSession
    ) -> tuple[int, list[ParkedEvent]]:
        """Call the methods for the events of a slice whose key is not parked.

        Returns:
            How many events the slice has, and those of them that are undecodable or behind a parked one.
        """
        begun = time.monotonic()
        handlers = self._projection.handlers()
        methods = {cls: getattr(projection, handler.method) for cls, handler in handlers.items()}
        parked: list[ParkedEvent] = []
        undecodable: set[Key] = set()
        with _refusals():
            for at, recorded in enumerate(events):
                if at and (session.held_for > _LONGEST_HOLD or time.monotonic() - begun > _LONGEST_SLICE):
                    return at, parked
                key = (recorded.tenant, recorded.stream)
                if key in self._parked or key in undecodable:
                    parked.append(self._parked_event(recorded))
                    continue
                try:
                    parts = self._codec.decode_all(recorded)
                except UndecodableEventError as error:
                    undecodable.add(key)
                    parked.append(self._parked_event(recorded, Failure.of(error)))
                    continue
                for event in parts:
                    handler = handlers.get(type(event))
                    if handler is None:
                        continue  # an upcast made it beside others that are wanted
                    if handler.takes_recorded:
                        await methods[type(event)](event, recorded)
                    else:
                        await methods[type(event)](event)
        return len(events), parked

    async def _park(self, recorded: RecordedEvent, failure: Failure, move: CheckpointMove) -> None:
        parked = (self._parked_event(recorded, failure),)
        session = self._open_view(self._projection, self._share, self._role)
        try:
            await session.commit(move, parked)
        finally:
            await shielded(session.close())
        self._note(parked)

    def _parked_event(self, recorded: RecordedEvent, failure: Failure | None = None) -> ParkedEvent:
        return ParkedEvent(
            self._projection.name,
            recorded.tenant,
            recorded.stream,
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


def _check_has_handlers(projection: type[Projection]) -> None:
    if not projection.handlers():
        message = f"projection {projection.name!r} has no on_... method"
        raise ConfigurationError(message, hint=f"Write `async def on_...(self, event: ...)` in {projection.__name__}.")
