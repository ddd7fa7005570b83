"""Repositories whose entities are their events."""

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from duolog.errors import DuologError
from duolog.messages.envelope import RecordedEvent
from duolog.write.event_sourced import EventSourced
from duolog.write.unit_of_work import UnitOfWork

E = TypeVar("E", bound=EventSourced[Any])
E_co = TypeVar("E_co", bound=EventSourced[Any], covariant=True)


class AggregateNotFoundError(DuologError, LookupError):
    """There is no entity with this id.

    Attributes:
        stream: the stream that has no events.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(f"there is no {stream!r}")
        self.stream = stream


class EntityType(Protocol[E_co]):
    """What makes the entity of an id: an aggregate's class, or a decider."""

    def event_types(self) -> tuple[type, ...]:
        """Return the event types that its entities apply."""
        ...

    def __call__(self, id: Any, /) -> E_co:  # noqa: A002 - an entity has an id
        """Return a new entity, to which nothing happened yet."""
        ...


class EventSourcedRepository(Generic[E]):
    """Loads entities that are the fold of their streams, and stages their pending events.

    A load begins at what is at hand (a state that this process keeps, a snapshot) and always reads the rest of the
    stream, so it is never older than a replay from the start; the expected version of `save` guards what comes after.

    Args:
        entity_type: an aggregate's class, or a decider.
        unit: the unit of work that events are staged in.
    """

    __slots__ = ("_entity_type", "_unit")

    def __init__(self, entity_type: EntityType[E], unit: UnitOfWork) -> None:
        self._entity_type = entity_type
        self._unit = unit
        unit.codec.types.add_all(entity_type.event_types())

    async def find(self, id: object) -> E | None:  # noqa: A002 - an entity has an id
        """Return the entity, or None if it has no events.

        Raises:
            UndecodableEventError: an event of it cannot be read by this release.
        """
        new = self._entity_type(id)
        stream = new.stream
        entity = await self._unit.entity_states.recall(new)
        recorded = await self._read(stream, entity.version if entity is not None else 0)
        if entity is not None and recorded and recorded[0].version == entity.version:
            recorded = recorded[1:]
            if not recorded:
                return entity
        else:
            if entity is not None:  # of another history: the log was restored, and the snapshots were not
                recorded = await self._read(stream, 0)
            if not recorded:
                return None
            entity = self._entity_type(id)
        decode, replay = self._unit.codec.decode_all, entity.replay
        for event in recorded:
            replay(decode(event), event.version)
        self._unit.entity_states.loaded(entity)
        return entity

    async def find_or_new(self, id: object) -> E:  # noqa: A002 - an entity has an id
        """Return the entity, or a new one to which nothing happened yet; otherwise like `find`."""
        entity = await self.find(id)
        return self._entity_type(id) if entity is None else entity

    async def load(self, id: object) -> E:  # noqa: A002 - an entity has an id
        """Return the entity.

        Raises:
            AggregateNotFoundError: it has no events.
            UndecodableEventError: an event of it cannot be read by this release.
        """
        entity = await self.find(id)
        if entity is None:
            raise AggregateNotFoundError(self._entity_type(id).stream)
        return entity

    async def save(self, entity: E) -> None:
        """Stage the entity's pending events, expecting the version they were decided on.

        Where its type declares snapshots, one is taken every so many versions, in the transaction of the events.

        Raises:
            WorkAfterCommitError: ``commit()`` was called before.
            PayloadError: an event cannot be stored.
        """
        pending, stream = entity.pending_events, entity.stream
        self._unit.stage(stream, pending, pending.expected)
        entity.clear_events()
        if pending:
            self._unit.entity_states.saved(entity, stream)

    async def _read(self, stream: str, version: int) -> Sequence[RecordedEvent]:
        """Read a stream from ``version`` on, and that version as well, to see that it is there."""
        return await self._unit.store.read_stream(stream, after_version=max(version - 1, 0), tenant=self._unit.tenant)
