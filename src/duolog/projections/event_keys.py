"""What an event is in order with, for a projection: its stream, or the key that the projection declares."""

from collections.abc import Sequence

import msgspec

from duolog.codec.event_codec import EventCodec
from duolog.errors import UndecodableEventError
from duolog.messages.envelope import RecordedEvent
from duolog.projections.projection import Projection


class KeyedEvent(msgspec.Struct, frozen=True):
    """A decoded event with its key.

    Attributes:
        key: what it is in order with; its stream if that cannot be told.
        parts: what it was decoded and upcast to.
        error: why it cannot be applied; None if it can.
    """

    key: str
    parts: Sequence[object]
    error: Exception | None = None


class EventKeys:
    """Decodes events and tells their keys.

    Args:
        projection: the projection's class.
        codec: decodes events.
    """

    __slots__ = ("_ahead", "_codec", "_is_keyed", "_projection")

    def __init__(self, projection: type[Projection], codec: EventCodec) -> None:
        self._projection = projection
        self._codec = codec
        self._is_keyed = projection.is_keyed()
        self._ahead: dict[int, KeyedEvent] = {}

    def read_ahead(self, events: Sequence[RecordedEvent]) -> None:
        """Decode events that are read soon; what was decoded is kept until then."""
        ahead, read = self._ahead, self._read
        for recorded in events:
            ahead[recorded.position] = read(recorded)

    def forget(self) -> None:
        """Forget what was decoded and not yet read."""
        self._ahead.clear()

    def read(self, recorded: RecordedEvent) -> KeyedEvent:
        """Decode an event and tell its key; what fails is in the result."""
        return self._ahead.pop(recorded.position, None) or self._read(recorded)

    def _read(self, recorded: RecordedEvent) -> KeyedEvent:
        try:
            parts = self._codec.decode_all(recorded)
        except UndecodableEventError as error:
            return KeyedEvent(recorded.stream, (), error)
        if not self._is_keyed or not parts:
            return KeyedEvent(recorded.stream, parts)
        try:
            return KeyedEvent(self._projection.partition_key(parts[0]), parts)
        except Exception as error:  # noqa: BLE001 - the application's code: the event is parked with it
            return KeyedEvent(recorded.stream, (), error)
