"""Saving and loading the events of one category, for interactors that work without a repository."""

from collections.abc import Sequence

from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.streams import check_category, stream_name
from duolog.write.event_sourced import PendingEvents
from duolog.write.unit_of_work import UnitOfWork


class EventStreams:
    """The streams of one category, as one unit of work sees them: ``await event_store.save(user.id, events)``.

    Args:
        unit: where events are staged.
        category: of the streams.
    """

    __slots__ = ("_category", "_unit")

    def __init__(self, unit: UnitOfWork, category: str) -> None:
        self._unit = unit
        self._category = check_category(category)

    async def save(self, stream_id: object, events: Sequence[object], expected: ExpectedVersion | None = None) -> None:
        """Stage events for a stream.

        Args:
            stream_id: the id in the stream's name.
            events: event objects; an aggregate's pending events bring the version they were decided on.
            expected: what the stream must look like at the commit; None takes it from the events, else any version.

        Raises:
            WorkAfterCommitError: ``commit()`` was called before.
            PayloadError: an event cannot be stored.
        """
        if expected is None:
            expected = events.expected if isinstance(events, PendingEvents) else ANY_VERSION
        self._unit.stage(stream_name(self._category, stream_id), events, expected)

    async def load(self, stream_id: object) -> Sequence[object]:
        """Return the decoded events of a stream, in order; none if there is no such stream.

        Raises:
            UndecodableEventError: an event cannot be read by this release.
        """
        recorded = await self._unit.store.read_stream(stream_name(self._category, stream_id), tenant=self._unit.tenant)
        return [event for each in recorded for event in self._unit.codec.decode_all(each)]
