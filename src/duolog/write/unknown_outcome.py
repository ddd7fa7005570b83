"""A commit whose outcome is unknown: looked up, never sent again blindly."""

from collections.abc import Awaitable

from duolog.errors import DuologError, IdempotencyKeyTakenError, OutcomeUnknownError, RolledBackError
from duolog.eventstore.appends import Appended, repeated_outcome
from duolog.eventstore.port import EventStore
from duolog.write.idempotency import IdempotencyRecord, IdempotencyStore
from duolog.write.sealed_work import SealedWork, WorkCommitter


class CertainOutcomes:
    """Awaits commits, and resolves the outcomes that their databases do not know.

    Args:
        committer: settles what was sent.
        store: finds a unit's events.
        keys: finds a unit's idempotency key; None where no unit has one.
    """

    __slots__ = ("_committer", "_keys", "_store")

    def __init__(self, committer: WorkCommitter, store: EventStore, keys: IdempotencyStore | None) -> None:
        self._committer = committer
        self._store = store
        self._keys = keys

    async def of(self, commit: Awaitable[Appended], work: SealedWork) -> Appended:
        """Await the commit of ``work``; if its outcome is unknown, look it up.

        A unit with an idempotency key is looked up by it, another one by the ids of its events. Before that the
        database settles what was sent, so that nothing that is not found can still take effect.

        Raises:
            RolledBackError: the outcome was unknown; by now it is certain that nothing was changed.
            OutcomeUnknownError: it cannot be told: the unit has neither key nor events, or the look-up failed.
            Exception: what the commit raised.
        """
        try:
            return await commit
        except OutcomeUnknownError as error:
            unknown = error
        if self._key_of(work) is None and not work.appends:
            raise unknown
        try:
            await self._committer.settle()
            outcome = await self._find(work)
        except IdempotencyKeyTakenError:
            raise
        except DuologError as error:
            raise unknown from error
        if outcome is None:
            message = "the commit was interrupted; nothing was changed"
            raise RolledBackError(message, hint="Send it again.") from unknown
        return outcome

    async def _find(self, work: SealedWork) -> Appended | None:
        record = self._key_of(work)
        if record is not None and self._keys is not None:
            stored = await self._keys.find(record.scope, record.key)
            if stored is None:
                return None
            if (stored.fingerprint, stored.result) != (record.fingerprint, record.result):
                message = "another unit of work has committed this idempotency key"
                raise IdempotencyKeyTakenError(message)
            return stored.outcome
        ids = [event.event_id for append in work.appends for event in append.events]
        return repeated_outcome(work.appends, await self._store.read_events(ids), work.tenant)

    def _key_of(self, work: SealedWork) -> IdempotencyRecord | None:
        return work.idempotency if self._keys is not None else None
