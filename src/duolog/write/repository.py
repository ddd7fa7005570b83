"""Repositories whose entities are their events."""

from typing import Any, Generic, TypeVar

from duolog.errors import DuologError
from duolog.eventstore.streams import stream_name
from duolog.write.aggregate import Aggregate
from duolog.write.unit_of_work import UnitOfWork

A = TypeVar("A", bound=Aggregate[Any])


class AggregateNotFoundError(DuologError, LookupError):
    """There is no entity with this id.

    Attributes:
        stream: the stream that has no events.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(f"there is no {stream!r}")
        self.stream = stream


class EventSourcedRepository(Generic[A]):
    """Loads aggregates by replaying their streams, and stages their pending events.

    Args:
        aggregate: the entity's class.
        unit: the unit of work that events are staged in.
    """

    __slots__ = ("_aggregate", "_unit")

    def __init__(self, aggregate: type[A], unit: UnitOfWork) -> None:
        self._aggregate = aggregate
        self._unit = unit
        unit.codec.types.add_all(aggregate.event_types())

    async def find(self, id: object) -> A | None:  # noqa: A002 - an entity has an id
        """Return the entity, or None if it has no events.

        Raises:
            UndecodableEventError: an event of it cannot be read by this release.
        """
        recorded = await self._unit.store.read_stream(
            stream_name(self._aggregate.category, id), tenant=self._unit.tenant
        )
        if not recorded:
            return None
        entity = self._aggregate(id)
        decode, apply = self._unit.codec.decode, entity.apply_event
        for event in recorded:
            apply(decode(event))
        return entity

    async def load(self, id: object) -> A:  # noqa: A002 - an entity has an id
        """Return the entity.

        Raises:
            AggregateNotFoundError: it has no events.
            UndecodableEventError: an event of it cannot be read by this release.
        """
        entity = await self.find(id)
        if entity is None:
            raise AggregateNotFoundError(stream_name(self._aggregate.category, id))
        return entity

    async def save(self, entity: A) -> None:
        """Stage the entity's pending events, expecting the version they were decided on.

        Raises:
            WorkAfterCommitError: ``commit()`` was called before.
            PayloadError: an event cannot be stored.
        """
        pending = entity.pending_events
        self._unit.stage(entity.stream, pending, pending.expected)
        entity.clear_events()
