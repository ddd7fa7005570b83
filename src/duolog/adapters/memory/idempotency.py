"""Idempotency keys as a dict, in the order in which they were committed."""

from collections.abc import Sequence
from dataclasses import replace

from duolog.adapters.memory.clock import DatabaseClock
from duolog.database.transfer import KeptKey
from duolog.errors import IdempotencyKeyTakenError
from duolog.eventstore.appends import Appended
from duolog.write.held_keys import HeldKeys
from duolog.write.idempotency import IdempotencyRecord, IdempotencyScope, StoredAnswer


class MemoryIdempotencyStore:
    """An `IdempotencyStore`.

    Args:
        clock: says how old a key is.
    """

    __slots__ = ("_answers", "_clock", "_held")

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock
        self._held = HeldKeys()
        self._answers: dict[tuple[IdempotencyScope, str], tuple[int, StoredAnswer]] = {}

    async def find(self, scope: IdempotencyScope, key: str) -> StoredAnswer | None:
        """Return what is committed under a key; None if nothing is."""
        found = self._answers.get((scope, key))
        return None if found is None else found[1]

    async def hold(self, scope: IdempotencyScope, key: str) -> bool:
        """Try to hold a key; see `IdempotencyStore.hold`."""
        return self._held.hold(scope, key)

    def let_go(self, scope: IdempotencyScope, key: str) -> None:
        """Let a key go; see `IdempotencyStore.let_go`."""
        self._held.let_go(scope, key)

    async def keep_shown(self, scope: IdempotencyScope, key: str, shown: str) -> None:
        """Keep what was made of a key's outcome; see `IdempotencyStore.keep_shown`."""
        found = self._answers.get((scope, key))
        if found is not None and found[1].shown is None:
            self._answers[scope, key] = (found[0], replace(found[1], shown=shown))

    async def sweep(self, *, seconds: float, limit: int = 1_000) -> int:
        """Forget old keys; see `IdempotencyStore.sweep`."""
        until = self._clock.now() - round(seconds * 1_000_000)
        old = [name for name, (recorded_at, _) in self._answers.items() if recorded_at <= until][:limit]
        for name in old:
            del self._answers[name]
        return len(old)

    def check(self, record: IdempotencyRecord) -> None:
        """Check that a key may be committed in this step of the event loop.

        Raises:
            IdempotencyKeyTakenError: it is committed already.
        """
        if (record.scope, record.key) in self._answers:
            message = "another unit of work has committed this idempotency key"
            raise IdempotencyKeyTakenError(message)

    def record(self, record: IdempotencyRecord, outcome: Appended) -> None:
        """Commit a key that was checked."""
        answer = StoredAnswer(record.fingerprint, record.result, outcome)
        self._answers[record.scope, record.key] = (self._clock.now(), answer)

    def all(self) -> Sequence[KeptKey]:
        """Return all keys, by scope and key."""
        kept = [
            KeptKey(IdempotencyRecord(scope, key, answer.fingerprint, answer.result), answer, recorded_at)
            for (scope, key), (recorded_at, answer) in self._answers.items()
        ]
        return sorted(kept, key=_place)

    def replace(self, keys: Sequence[KeptKey]) -> None:
        """Put these in the place of all others."""
        self._answers = {
            (each.record.scope, each.record.key): (each.recorded_at, each.answer)
            for each in sorted(keys, key=lambda each: each.recorded_at)
        }


def _place(kept: KeptKey) -> tuple[str, str, str, str]:
    scope = kept.record.scope
    return (scope.tenant, scope.actor, scope.operation, kept.record.key)
