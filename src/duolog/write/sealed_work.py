"""A unit of work as the database gets it, and the port that commits it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from duolog.eventstore.appends import Append, Appended
from duolog.eventstore.conditions import AppendCondition
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.tables.ports import ReadSession
from duolog.tables.statements import Statement
from duolog.write.idempotency import IdempotencyRecord
from duolog.write.snapshots import StoredSnapshot


@dataclass(frozen=True, slots=True)
class SealedWork:
    """Everything that one command changes, for one transaction.

    Attributes:
        tenant: whose streams they are.
        statements: on the application's tables, in order; they run before the appends.
        appends: events by stream, in order.
        conditions: what must still hold.
        snapshots: of streams that are appended to; each takes the place of its stream's former one.
        idempotency: the key under which the result is stored with the rest, or None.
    """

    tenant: str = ""
    statements: tuple[Statement, ...] = ()
    appends: tuple[Append, ...] = ()
    conditions: tuple[AppendCondition, ...] = ()
    snapshots: tuple[StoredSnapshot, ...] = ()
    idempotency: IdempotencyRecord | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit. Conditions are checked, and a key is stored; snapshots do not count."""
        return not (self.statements or self.appends or self.conditions or self.idempotency)


class HeldWriter(ReadSession, Protocol):
    """The database's writer, held by one unit of work under a time limit, so that it reads its own writes."""

    async def run(self, statement: Statement) -> int:
        """Run a writing statement now, and return how many rows it changed.

        Raises:
            ConstraintViolationError: a constraint broke for which the statement declares no domain error.
            StaleRowError: it changed another number of rows than it had to.
            DatabaseBusyError: the writer was held for too long; everything was rolled back.
        """
        ...

    async def await_turn(self, tenant: str, streams: Collection[str]) -> None:
        """Wait until no other held writer has the turn of any of these streams; it is kept until the end.

        Raises:
            ConflictError: others waited for each other.
            DatabaseError: it could not be had in time.
        """
        ...

    async def live_checkpoints(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of a subscription's live generation, by bucket, as this transaction sees them."""
        ...

    async def commit(self, work: SealedWork) -> Appended:
        """Add ``work`` to what was run, commit, and give the writer back; errors as `WorkCommitter.commit`."""
        ...


class WorkCommitter(Protocol):
    """Commits units of work, each atomically, many side by side."""

    async def commit(self, work: SealedWork) -> Appended:
        """Commit one unit of work, with conditions, snapshots and its idempotency key, in one transaction.

        The key is unique in its scope; whether it is taken is decided before any expected version is checked.
        Cancelling the call does not tell whether it was committed; the caller awaits it under a shield.

        Raises:
            IdempotencyKeyTakenError: another unit has committed the key; nothing was changed.
            ConflictError: a stream, a condition or a guarded row is not as expected; nothing was changed.
            ConstraintViolationError: a constraint broke for which its statement declares no domain error; where it
                declares one, that error is raised instead.
            EventIdReusedError: an event id is in the log with other content.
            DatabaseError: the database failed; nothing was changed, but for `OutcomeUnknownError`.
        """
        ...

    async def settle(self) -> None:
        """Wait until no commit whose outcome was unknown before can take effect any more.

        What a look-up does not find afterwards was rolled back for good.

        Raises:
            DatabaseError: that cannot be told now.
        """
        ...

    def open_reader(self) -> ReadSession:
        """Open a session that reads one snapshot of the application's tables."""
        ...

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        """Take the writer for one unit of work.

        Args:
            seconds: after so long it is taken back and everything is rolled back.

        Raises:
            DatabaseBusyError: it could not be had in time.
        """
        ...
