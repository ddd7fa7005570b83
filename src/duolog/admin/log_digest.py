"""A number for a whole log: equal logs have equal ones, and logs that differ in any field of any event do not."""

import hashlib
from collections.abc import Iterable

import msgspec

from duolog.admin.event_lines import encode_line
from duolog.database.transfer import Remembered, normalised
from duolog.messages.envelope import RecordedEvent

_encoder = msgspec.msgpack.Encoder()


class _Digest:
    __slots__ = ("_hash", "count")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count = 0

    @property
    def hex(self) -> str:
        """The number, as 64 hexadecimal digits."""
        return self._hash.hexdigest()

    def _add(self, encoded: bytes) -> None:
        self._hash.update(encoded)
        self.count += 1


class LogDigest(_Digest):
    """SHA-256 over the events' lines, as `duolog export` writes them.

    Attributes:
        count: how many events it is of.
    """

    __slots__ = ()

    def add(self, events: Iterable[RecordedEvent]) -> None:
        """Add events, in the order of their positions."""
        for event in events:
            self._add(encode_line(event))

    def add_line(self, line: bytes) -> None:
        """Add an event that was encoded already, with its newline."""
        self._add(line)


class MemoryDigest(_Digest):
    """SHA-256 over what a database remembers beside the events.

    Attributes:
        count: how many things it is of.
    """

    __slots__ = ()

    def add(self, page: Iterable[Remembered]) -> None:
        """Add what `LogTransfer.remembered` yields, in its order."""
        for each in page:
            # Each one's length comes first, so that no two lists run into the same bytes.
            encoded = _encoder.encode((type(each).__name__, normalised(each)))
            self._add(len(encoded).to_bytes(8, "big") + encoded)
