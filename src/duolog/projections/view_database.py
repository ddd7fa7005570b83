"""The port by which a projection writes its view, and the session in which view and checkpoint move together."""

from collections.abc import Collection, Sequence
from typing import Protocol

from duolog.eventstore.filters import EventFilter
from duolog.messages.envelope import RecordedEvent
from duolog.projections.materialized_view import Contents
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.parking import ParkedEvent
from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import Parameters


class ViewDatabase(ReadDatabase, Protocol):
    """Reads and writes the tables of a view, in the transaction that moves the checkpoint; for projections only."""

    async def execute(self, sql: str, parameters: Parameters | None = None) -> None:
        """Buffer a writing statement; it runs, in order, at the next fetch or at the end of the batch.

        Args:
            sql: one INSERT, UPDATE or DELETE with ``:name`` parameters.
            parameters: a value for each name.

        Raises:
            StatementError: parameters are missing or unknown.
        """
        ...

    async def execute_many(self, sql: str, rows: Sequence[Parameters]) -> None:
        """Run a writing statement once for each of ``rows``, in order; buffered like those of `execute`.

        Where all rows can go in one statement, as those of an ``INSERT`` do, the database gets one.

        Raises:
            StatementError: parameters are missing or unknown.
        """
        ...

    async def execute_now(self, sql: str, parameters: Parameters | None = None) -> int:
        """Run a writing statement after all that are buffered, and return how many rows it changed."""
        ...


class ViewSession(ViewDatabase, Protocol):
    """One batch of a projection: what is executed, what is parked and the checkpoint commit together or not at all."""

    @property
    def held_for(self) -> float:
        """For how long nobody else could write because of this session, in seconds; 0 while others can."""
        ...

    async def commit(
        self, move: CheckpointMove, parked: Sequence[ParkedEvent] = (), *, unparked: Collection[int] = ()
    ) -> None:
        """Write everything that is buffered, unpark, park, move the checkpoint, and commit.

        Args:
            move: the checkpoint's move; to where it is already, if nothing but parked events was applied.
            parked: events to set aside; one that is parked already gets the new reason.
            unparked: positions of the subscription's parked events that are parked no more.

        Raises:
            CheckpointConflictError: the checkpoint or its token is not what ``move`` says; nothing was written.
            ConstraintViolationError: a statement broke a constraint; nothing was written.
            StatementError: a statement is wrong; nothing was written.
            DatabaseError: the database failed; nothing was written.
        """
        ...

    async def flush(self) -> None:
        """Run what is buffered, inside the session's transaction, so that its errors show now.

        A failure is the batch's, also if the caller that happened to run into it goes on: whatever is asked of the
        session afterwards raises it again.

        Raises:
            ConstraintViolationError: a statement broke a constraint.
            StatementError: a statement is wrong, or the call was cancelled while what is buffered ran.
            HoldExpiredError: the session kept others from writing for too long.
            DatabaseError: the database failed.
        """
        ...

    async def refresh(self, contents: Contents) -> None:
        """Replace the rows of a materialized view by what its select finds now, in the transaction of `commit`.

        Whoever reads meanwhile sees the rows as they were. Where there is one writer, the select runs before it is
        taken: rows that are written meanwhile may be missing.

        Args:
            contents: what the view holds.

        Raises:
            StatementError: the select is wrong, or its columns are not those of the view.
            ConstraintViolationError: two rows have one key; it may show in `commit` only.
            DatabaseError: the database failed.
        """
        ...

    async def hold_appends(self, after: int, wanted: EventFilter) -> Sequence[RecordedEvent]:
        """Let nobody append until this session ends, and return all wanted events above a position.

        Args:
            after: the position.
            wanted: which events.

        Raises:
            DatabaseBusyError: those who append did not end in time.
            DatabaseError: the database failed.
        """
        ...

    async def close(self) -> None:
        """Roll back what was not committed, and give the connection back. May be called twice."""
        ...
