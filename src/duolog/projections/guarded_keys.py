"""The port by which a projection keeps its view outside the database, where no transaction reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class KeyWrite:
    """A value for a key, or its deletion.

    Attributes:
        key: the key.
        value: what it has from then on; None deletes it.
        position: of the event that says so.
    """

    key: str
    value: bytes | None
    position: int


class GuardedKeys(Protocol):
    """Keys and values that remember which event wrote them, so that no earlier one takes effect behind it.

    The view's checkpoint is in the database as ever, and moves after the keys were written: after a failure between
    the two, events come again. Each write carries the identity of the log and its event's position, and is done only
    if the key was last written by an earlier event: repeated events, and owners that do not know yet that they lost
    their lease, change nothing. At least once becomes once in effect, if the methods depend on nothing but the event.

    A key's events must come in order: those of one stream, or of one partition key, do. Several writes of one event to
    a key take effect in their order. A deleted key is remembered for a time, so that what comes late does not bring it
    back. One instance serves one batch of a projection.
    """

    async def write(self, writes: Sequence[KeyWrite]) -> int:
        """Write keys, in order and in one round trip, each only if it was last written by an earlier event.

        Returns:
            How many took effect.

        Raises:
            ForeignViewError: a key was written from another log, or from another incarnation of this one; the other
                writes took effect.
            DatabaseError: they cannot be reached; some of the writes may have taken effect.
        """
        ...

    async def put(self, key: str, value: bytes, *, position: int) -> bool:
        """Write one key; tell whether it took effect. Errors as `write`."""
        ...

    async def delete(self, key: str, *, position: int) -> bool:
        """Delete one key; tell whether it took effect. Errors as `write`."""
        ...

    async def get(self, key: str) -> bytes | None:
        """Return a key's value; None if it was never written, or deleted.

        Raises:
            DatabaseError: it cannot be reached.
        """
        ...


class WriteSteps:
    """Numbers the writes of one event to one key, alike whenever the event is applied again."""

    __slots__ = ("_position", "_steps")

    def __init__(self) -> None:
        self._position = 0
        self._steps: dict[str, int] = {}

    def guard(self, write: KeyWrite) -> str:
        """Return a text that is greater for every later write to a key, compared byte by byte."""
        if write.position != self._position:
            self._position = write.position
            self._steps.clear()
        step = self._steps[write.key] = self._steps.get(write.key, 0) + 1
        return f"{write.position:019}.{step:06}"
