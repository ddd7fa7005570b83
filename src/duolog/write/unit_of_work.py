"""One command's changes: staged, sealed by ``commit()``, and committed once by the scope."""

from collections.abc import Sequence
from uuid import UUID

from duolog.codec.event_codec import EventCodec, encode_metadata
from duolog.dispatch.shield import shielded
from duolog.errors import ConflictError, UncommittedWorkError, UnitOfWorkError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.port import EventStore
from duolog.messages.metadata import Metadata
from duolog.tables.ports import ReadSession
from duolog.tables.statements import Statement
from duolog.write.after_commit import AfterCommit, AfterCommitHooks
from duolog.write.entity_states import EntityStates, UnitEntityStates
from duolog.write.idempotency import IdempotencyRecord, IdempotencyStore
from duolog.write.inline_work import InlineViews, InlineWork
from duolog.write.late_writers import LateWriter, LateWriters
from duolog.write.sealed_work import HeldWriter, SealedWork, WorkCommitter
from duolog.write.staged_work import StagedWork
from duolog.write.unit_sessions import UnitSessions
from duolog.write.unit_state import COMMITTED, FLUSHING, OPEN, ROLLED_BACK, SEALED
from duolog.write.unknown_outcome import CertainOutcomes


class UnitOfWork:
    """Gathers what one command changes and commits it in one transaction.

    Made for one scope and one task. Interactors take a `TransactionManager`, an `EventPublisher` and repositories.

    Args:
        store: the log, for reading.
        committer: commits the sealed work.
        codec: encodes staged events.
        metadata: recorded with every event; None outside the pipeline.
        keys: finds the idempotency key of a commit whose outcome is unknown; None where there are no keys.
        commits_at_once: ``commit()`` performs the real COMMIT (outside the pipeline).
        entity_states: what the application has at hand of event-sourced entities; None if nothing.
        inline: views that show events as they are appended; None if there are none.

    Attributes:
        store: the log, for reading.
        codec: decodes what was read.
    """

    __slots__ = (
        "_after_commit",
        "_commits_at_once",
        "_committer",
        "_held_to_write",
        "_inline",
        "_keys",
        "_late_writers",
        "_outcome",
        "_sessions",
        "_staged",
        "_state",
        "codec",
        "entity_states",
        "idempotency",
        "store",
        "tenant",
        "transaction_manager_resolved",
    )

    def __init__(
        self,
        *,
        store: EventStore,
        committer: WorkCommitter,
        codec: EventCodec,
        metadata: Metadata | None = None,
        keys: IdempotencyStore | None = None,
        commits_at_once: bool = False,
        entity_states: EntityStates | None = None,
        inline: InlineViews | None = None,
    ) -> None:
        self.store = store
        self._committer = committer
        self.codec = codec
        self._commits_at_once = commits_at_once
        self._state = OPEN
        self._staged = StagedWork(codec, encode_metadata(metadata))
        self._after_commit = AfterCommitHooks()
        self._sessions = UnitSessions(committer)
        self._held_to_write = False
        self._late_writers = LateWriters()
        self._keys = keys
        self._inline = InlineWork(inline, store, keys)
        self._outcome: Appended = NOTHING_APPENDED
        self.idempotency: IdempotencyRecord | None = None  # is committed with the rest
        self.tenant = metadata.tenant if metadata is not None else ""
        self.transaction_manager_resolved = False
        self.entity_states = UnitEntityStates(entity_states or EntityStates(), self.tenant)

    @property
    def reader(self) -> ReadSession:
        """One snapshot of the application's tables; the held writer once it was taken."""
        if not self._commits_at_once:
            self._state.check_live("read")
        return self._sessions.reader

    @property
    def held_writer(self) -> HeldWriter | None:
        """The writer, while this unit holds it."""
        return self._sessions.held

    @property
    def has_buffered_statements(self) -> bool:
        """Whether statements wait for the commit, so that a read would not see them."""
        return self._sessions.held is None and bool(self._staged.statements)

    async def read_boundary(self, query: EventQuery) -> Boundary:
        """Read a dynamic consistency boundary of this unit's tenant; stage its condition with `require`."""
        return await self.store.read_boundary(query, tenant=self.tenant)

    def stage(
        self,
        stream: str,
        events: Sequence[object],
        expected: ExpectedVersion = ANY_VERSION,
        *,
        event_ids: Sequence[UUID] | None = None,
    ) -> None:
        """Stage events for a stream; nothing happens for no events.

        Args:
            stream: the stream's name.
            events: event objects, in order.
            expected: what the stream must look like at the commit.
            event_ids: their ids, where a retry must find them again; new ones otherwise.

        Raises:
            WorkAfterCommitError: the unit is sealed.
            PayloadError: an event cannot be stored.
        """
        self._state.check_open("stage events")
        self._staged.append(stream, events, expected, event_ids)

    async def stage_statement(self, statement: Statement) -> None:
        """Stage a writing statement on the application's tables; once the writer is held, it runs at once.

        Raises:
            WorkAfterCommitError: the unit is sealed.
            DatabaseError: the writer is held, and the database refused the statement.
            ConflictError: the writer is held, and the statement changed another number of rows than it had to.
            Exception: the writer is held, and a constraint broke for which the statement declares this domain error.
        """
        self._state.check_open("stage a statement")
        if (held := self._sessions.held) is not None:
            self._held_to_write = True
            await held.run(statement)
        else:
            self._staged.statements.append(statement)

    def stage_aside(self, statement: Statement) -> None:
        """Stage a writing statement on duolog's own tables; it runs at the commit, and may be followed by fetches.

        Raises:
            WorkAfterCommitError: the unit is sealed.
        """
        self._state.check_open("schedule")
        self._staged.aside.append(statement)

    async def publish(self, stream: str, event: object) -> None:
        """Stage a published event; also allowed after the seal.

        Outside the pipeline, where ``commit()`` commits at once, an event that is published after it is recorded at
        once as well, in a transaction of its own.

        Raises:
            UnitOfWorkError: the unit was committed or rolled back.
            PayloadError: the event cannot be stored.
        """
        if self._commits_at_once and self._state is COMMITTED:
            self._staged.append(stream, (event,), ANY_VERSION, None)
            await self.commit()
            return
        if self._state is not SEALED:
            self._state.check_open("publish")
        self._staged.append(stream, (event,), ANY_VERSION, None)

    def require(self, condition: AppendCondition) -> None:
        """Stage a condition that must hold at the commit.

        Raises:
            WorkAfterCommitError: the unit is sealed.
        """
        self._state.check_open("stage a condition")
        self._staged.conditions.append(condition)

    def after_commit(self, hook: AfterCommit) -> None:
        """Call ``hook(outcome)`` once the work is durable; what it raises is logged, and changes nothing.

        Keep it short: the command's answer waits for it, and it cannot be cancelled.
        """
        self._after_commit.add(hook)

    def join(self, writer: LateWriter) -> None:
        """Let ``writer`` write when this unit commits, and end with it.

        Raises:
            WorkAfterCommitError: the unit is sealed.
        """
        self._state.check_open("join")
        self._late_writers.add(writer)

    async def hold_writer(self, *, seconds: float = 1.0, to_write: bool = True) -> None:
        """Take the database's writer, so that this unit reads its own writes; others wait meanwhile.

        What was staged before runs now; if a statement fails, the whole unit is rolled back.

        Args:
            seconds: after so long it is taken back and everything is rolled back.
            to_write: whether the unit has work from now on; not if it may turn out that it only reads.

        Raises:
            DatabaseBusyError: it could not be had in time.
        """
        check = self._state.check_open if to_write else self._state.check_live
        check("take the writer")
        self._held_to_write = self._held_to_write or to_write
        if self._sessions.held is not None:
            return
        held = await self._sessions.hold_writer(seconds=seconds)
        try:
            for statement in self._staged.take_statements():
                await held.run(statement)
        except BaseException:
            await self.rollback()
            raise

    @property
    def outcome(self) -> Appended:
        """Positions and versions that were recorded; all zero before the commit and if there were no events."""
        return self._outcome

    @property
    def has_work(self) -> bool:
        """Whether anything is staged that would change something; a condition alone would not."""
        return self._held_to_write or self._staged.changes_something or self._late_writers.have_work

    async def seal(self) -> None:
        """End staging (``TransactionManager.commit``); commits at once outside the pipeline.

        Raises:
            UnitOfWorkError: the unit was rolled back.
        """
        if self._state is ROLLED_BACK:
            message = "commit() after rollback()"
            raise UnitOfWorkError(message, hint="Stage the work again, in a new scope.")
        if self._state is OPEN:
            self._state = SEALED
            self._late_writers.seal()
        if self._commits_at_once and (self._state is SEALED):
            await self.commit()

    async def finish(self) -> None:
        """End the scope after ``execute`` has returned: commit what is sealed.

        Raises:
            UncommittedWorkError: a TransactionManager was taken and work staged, but ``commit()`` never called.
        """
        if self._state is OPEN:
            if self.transaction_manager_resolved and self.has_work:
                await self.rollback()
                message = "the interactor staged work and returned without commit()"
                raise UncommittedWorkError(message)
            self._state = SEALED
        if self._state is SEALED:
            await self.commit()
        else:
            await self.rollback()

    async def commit(self) -> None:
        """Perform the one real COMMIT and call the hooks, under a shield: a cancelled caller learns the outcome first.

        Raises:
            ConflictError: a stream, a condition or a guarded row is not as expected; nothing was changed.
            InlineProjectionError: an inline view cannot show an event; nothing was changed.
            DatabaseError: the database failed; nothing was changed, but for `OutcomeUnknownError`.
            Exception: the domain error that a statement declares for a broken constraint.
        """
        try:
            if self._late_writers:
                self._state = FLUSHING
                await self._late_writers.flush()
            work = self._staged.sealed(self.tenant, self.entity_states, self.idempotency)
            work = await self._inline.before(work, self._sessions)
            if self._sessions.held is not None or self._after_commit or not work.is_empty:
                await shielded(self._commit(work))
            self._state = COMMITTED
        finally:
            await self.rollback()

    async def rollback(self) -> None:
        """Drop what is staged and give connections back, also when the task is being cancelled; may be repeated."""
        if self._state is OPEN or self._state is SEALED or self._state is FLUSHING:
            self._state = ROLLED_BACK
        self._staged.clear()
        self._late_writers.end()
        if self._sessions.are_open:
            await shielded(self._sessions.close())

    async def _commit(self, work: SealedWork) -> None:
        try:
            await self._sessions.close_reader()
            held = self._sessions.held
            if held is not None or not work.is_empty:
                outcomes = CertainOutcomes(self._committer, self.store, self._keys)
                self._outcome = await outcomes.of((held or self._committer).commit(work), work)
        except ConflictError:
            self.entity_states.conflicted()
            raise
        self.entity_states.committed()
        self._state = COMMITTED
        self._staged.clear()
        await self._after_commit.run(self._outcome)
