"""Units of work with statements: a transaction of their own, on one connection, with the append as its last step."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from duolog.adapters.postgres.append_call import AppendCalls, Decision, Verdict
from duolog.adapters.postgres.commits import Commit
from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error, reported
from duolog.adapters.postgres.idempotency import claim_key, note_outcome
from duolog.adapters.postgres.lost_sessions import LostSessions
from duolog.adapters.postgres.refusals import Refusals, lost_race
from duolog.adapters.postgres.statements import Statements
from duolog.adapters.postgres.transactions import begin, commit, roll_back
from duolog.dispatch.shield import shielded
from duolog.errors import ConflictError, IdempotencyKeyTakenError, OutcomeUnknownError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended

MOST_ATTEMPTS: Final = 20


class WorkTransactions:
    """Commits units of work that change tables, each in its own transaction.

    Args:
        connections: where their connections come from.
        statements: runs the application's statements.
        calls: the append functions.
        refusals: finds out what it means that a unit was refused.
        lost: remembers sessions whose COMMIT has an unknown outcome.
        on_commit: hears of each commit that appends.
        on_end: hears of each attempt to commit, whatever came of it.
    """

    __slots__ = ("_calls", "_lost", "_on_commit", "_on_end", "_refusals", "_schema", "connections", "statements")

    def __init__(
        self,
        connections: Connections,
        statements: Statements,
        calls: AppendCalls,
        refusals: Refusals,
        lost: LostSessions,
        *,
        on_commit: Callable[[Appended], None],
        on_end: Callable[[], None],
    ) -> None:
        self.connections = connections
        self.statements = statements
        self._schema = connections.location.schema
        self._calls = calls
        self._refusals = refusals
        self._lost = lost
        self._on_commit = on_commit
        self._on_end = on_end

    async def run(self, unit: Commit) -> Appended:
        """Commit a unit of work; see `WorkCommitter.commit`.

        Cancelled before the COMMIT is sent, it is rolled back; after that, it is awaited.
        """
        self.connections.refuse_if_read_only()
        while unit.attempts < MOST_ATTEMPTS:
            outcome = await self._attempt(unit)
            if outcome is not None:
                return outcome
            # Its stream was written to meanwhile, which it does not mind; now it takes turns with the others.
            unit.attempts += 1
        raise _overtaken(unit)

    async def complete(self, connection: Connection, unit: Commit) -> Appended:
        """Add a unit to the open transaction, and commit; whatever fails, everything is rolled back.

        Errors as `WorkCommitter.commit`.
        """
        unit.attempts = max(unit.attempts, 1)  # what ran before cannot run again, so it takes turns at once
        outcome = await self._finish(connection, unit)
        if outcome is None:
            raise _overtaken(unit)
        return outcome

    async def _attempt(self, unit: Commit) -> Appended | None:
        connection = await self.connections.take()
        doubtful = True
        try:
            with reported():
                await self._lost.identify(connection)
                await connection.execute(begin(self.connections.location))
            outcome = await self._finish(connection, unit)
            doubtful = False
            return outcome
        finally:
            await self.connections.give_back(connection, doubtful=doubtful)

    async def _finish(self, connection: Connection, unit: Commit) -> Appended | None:
        try:
            decision = await self._write(connection, unit)
        except IdempotencyKeyTakenError:
            await roll_back(connection)
            raise
        except Exception:
            await roll_back(connection)
            # These very events may be in the log already, so that the statements could not but fail.
            repeated = await self._refusals.repeated(unit)
            if repeated is None:
                raise
            return repeated
        if decision.verdict is not Verdict.RECORDED:
            await roll_back(connection)
            return await self._refusals.explain(unit, decision)
        await shielded(self._commit(connection))
        if decision.appended.position:
            self._on_commit(decision.appended)
        return decision.appended

    async def _write(self, connection: Connection, unit: Commit) -> Decision:
        work = unit.work
        record = work.idempotency
        with reported():
            if record is not None:
                await claim_key(connection, self._schema, record)
        for statement in work.statements:
            await self.statements.run(connection, statement)
        if not (work.appends or work.conditions or work.snapshots):
            return Decision(Verdict.RECORDED, NOTHING_APPENDED, {})
        # The key is claimed already, before the statements: it decides before anything else.
        rest = replace(work, statements=(), idempotency=None)
        try:
            (decision,) = await self._calls.send(connection, (replace(unit, work=rest),))
        except DRIVER_ERRORS as error:
            raise lost_race(unit, error) or database_error(error) from None
        if record is not None and decision.verdict is Verdict.RECORDED:
            with reported():
                await note_outcome(connection, self._schema, record, decision.appended)
        return decision

    async def _commit(self, connection: Connection) -> None:
        session = await self._lost.identify(connection)
        try:
            await commit(connection)
        except OutcomeUnknownError:
            self._lost.remember(session)
            raise
        finally:
            self._on_end()


def _overtaken(unit: Commit) -> ConflictError:
    key = next(iter(unit.parts), "")
    message = f"others were faster in writing to {key!r}"
    return ConflictError(message, key=key, hint="Take the decision again.")
