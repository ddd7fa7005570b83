"""An event with what the log knows of it, as handlers of many events at once get it."""

from typing import Generic, TypeVar

import msgspec

from duolog.messages.envelope import RecordedEvent

E_co = TypeVar("E_co", covariant=True)


class Recorded(msgspec.Struct, Generic[E_co], frozen=True):
    """An event of the application, and the recorded event that it was decoded from.

    Attributes:
        event: the event, upcast to what it is today.
        recorded: position, stream, metadata and all else that the log keeps.
    """

    event: E_co
    recorded: RecordedEvent
