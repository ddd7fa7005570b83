"""Decisions over a dynamic consistency boundary: read what matters, decide, and fail if more came meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass

from duolog.eventstore.conditions import Boundary, EventQuery, QueryItem
from duolog.messages.event import stored_names
from duolog.messages.tag import Tag
from duolog.write.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Criterion:
    """Events of one of the types (any if none is given) that have all of the tags.

    Attributes:
        types: event classes.
        tags: tags; personal ones are looked up by their hash.
    """

    types: tuple[type, ...] = ()
    tags: tuple[Tag, ...] = ()


class DecisionBoundary:
    """Reads events by type and tag in a unit of work, whose commit then fails if another such event was recorded.

    Args:
        unit: the unit of work that the condition is staged in.
    """

    __slots__ = ("_unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit

    async def read(self, *criteria: Criterion) -> Sequence[object]:
        """Return the decoded events that match any of ``criteria``, in order, and stage the condition.

        Raises:
            WorkAfterCommitError: ``commit()`` was called before.
            UndecodableEventError: an event cannot be read by this release.
        """
        boundary = await self._boundary(criteria)
        self._unit.require(boundary.condition)
        return self._decoded(boundary, criteria)

    async def peek(self, *criteria: Criterion) -> Sequence[object]:
        """Return the same as `read`, for a decision that need not hold until the commit: no condition is staged.

        Raises:
            UndecodableEventError: an event cannot be read by this release.
        """
        return self._decoded(await self._boundary(criteria), criteria)

    async def _boundary(self, criteria: Sequence[Criterion]) -> Boundary:
        codec = self._unit.codec
        items: list[QueryItem] = []
        for criterion in criteria:
            codec.types.add_all(criterion.types)
            types = tuple(name for cls in criterion.types for name in stored_names(cls))
            items.append(QueryItem(types, codec.tagger.stored_all(criterion.tags)))
        return await self._unit.read_boundary(EventQuery(tuple(items)))

    def _decoded(self, boundary: Boundary, criteria: Sequence[Criterion]) -> Sequence[object]:
        events = [event for recorded in boundary.events for event in self._unit.codec.decode_all(recorded)]
        if not all(criterion.types for criterion in criteria):
            return events
        wanted = {cls for criterion in criteria for cls in criterion.types}  # an upcast makes other events beside them
        return [event for event in events if type(event) in wanted]
