"""Guarded keys in memory, for tests."""

from collections.abc import Sequence
from dataclasses import dataclass

from duolog.clock import Clock, SystemClock
from duolog.errors import ForeignViewError
from duolog.projections.guarded_keys import KeyWrite, WriteSteps


@dataclass(frozen=True, slots=True)
class KeptValue:
    """What is remembered of a key.

    Attributes:
        log_id: of the log whose event wrote it last.
        guard: which write of which event that was.
        value: the value; None if it was deleted.
        forgotten_at: when a deletion is forgotten, in seconds since 1970.
    """

    log_id: str
    guard: str
    value: bytes | None
    forgotten_at: float = 0.0


class MemoryGuardedKeys:
    """A `GuardedKeys`.

    Args:
        kept: the keys, which outlive this instance.
        log_id: identity of the log that is followed (`EventStore.log_id`).
        tombstone_seconds: for how long deletions are remembered.
        clock: the time.
    """

    __slots__ = ("_clock", "_kept", "_log_id", "_steps", "_tombstone_seconds")

    def __init__(
        self,
        kept: dict[str, KeptValue],
        log_id: str,
        *,
        tombstone_seconds: float = 7 * 86_400.0,
        clock: Clock | None = None,
    ) -> None:
        self._kept = kept
        self._log_id = log_id
        self._tombstone_seconds = tombstone_seconds
        self._clock = clock or SystemClock()
        self._steps = WriteSteps()

    async def write(self, writes: Sequence[KeyWrite]) -> int:
        """Write keys; see `GuardedKeys.write`."""
        foreign: ForeignViewError | None = None
        done = 0
        for write in writes:
            try:
                done += self._write(write)
            except ForeignViewError as error:
                foreign = foreign or error
        if foreign is not None:
            raise foreign
        return done

    async def put(self, key: str, value: bytes, *, position: int) -> bool:
        """Write one key; see `GuardedKeys.put`."""
        return self._write(KeyWrite(key, value, position))

    async def delete(self, key: str, *, position: int) -> bool:
        """Delete one key; see `GuardedKeys.delete`."""
        return self._write(KeyWrite(key, None, position))

    async def get(self, key: str) -> bytes | None:
        """Return a key's value; see `GuardedKeys.get`."""
        known = self._known(key)
        return None if known is None else known.value

    def _known(self, key: str) -> KeptValue | None:
        known = self._kept.get(key)
        if known is not None and known.value is None and known.forgotten_at <= self._clock.now().timestamp():
            del self._kept[key]
            return None
        return known

    def _write(self, write: KeyWrite) -> bool:
        guard, known = self._steps.guard(write), self._known(write.key)
        if known is not None and known.log_id != self._log_id:
            raise ForeignViewError(key=write.key, found=known.log_id, expected=self._log_id)
        if known is not None and known.guard >= guard:
            return False
        forgotten_at = self._clock.now().timestamp() + self._tombstone_seconds
        self._kept[write.key] = KeptValue(self._log_id, guard, write.value, forgotten_at)
        return True
