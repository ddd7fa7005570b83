"""What it means that a commit was not recorded: a repetition, a taken key, a conflict, or a race to run again."""

from collections.abc import Sequence

from duolog.adapters.postgres.append_call import Decision, Verdict
from duolog.adapters.postgres.commits import Commit
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import sqlstate
from duolog.adapters.postgres.idempotency import PostgresIdempotencyStore, claim_key
from duolog.adapters.postgres.look_ups import LookUps
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import AppendConditionFailedError, ConflictError, IdempotencyKeyTakenError
from duolog.eventstore.appends import Appended, repeated_outcome
from duolog.write.idempotency import IdempotencyRecord

_LOST_RACES = frozenset({"40P01", "40001", "55P03"})


class Refusals:
    """Explains refusals, by looking again.

    Nothing is looked up before: commits that succeed, which most do, do not pay for it.

    Args:
        connections: where to look.
    """

    __slots__ = ("_connections", "_keys", "_look_ups")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._keys = PostgresIdempotencyStore(connections)
        self._look_ups = LookUps(connections)

    async def explain(self, commit: Commit, decision: Decision) -> Appended | None:
        """Say what became of a commit that was not recorded.

        Returns:
            The first outcome, if these very events are in the log already; None if it only lost a race and may try
            again.

        Raises:
            IdempotencyKeyTakenError: its key is taken. This comes before everything else.
            EventIdReusedError: an event id is in the log with other content.
            WrongExpectedVersionError: a stream is at another version.
            AppendConditionFailedError: a condition does not hold.
            DatabaseError: looking failed; the commit was not recorded.
        """
        work = commit.work
        if decision.verdict is Verdict.KEY_TAKEN or await self._is_taken(work.idempotency):
            message = "another unit of work has committed this idempotency key"
            raise IdempotencyKeyTakenError(message)
        repeated = await self.repeated(commit)
        if repeated is not None:
            return repeated
        if decision.verdict is Verdict.CONDITION_FAILED:
            key = " or ".join(str(condition.query) for condition in work.conditions)
            raise AppendConditionFailedError(key=key, position=decision.unseen)
        heads = decision.heads
        commit.check_versions(await self._heads(work.tenant, list(heads)) if decision.is_presumed else heads)
        return None

    async def repeated(self, commit: Commit) -> Appended | None:
        """Return the first outcome of a commit whose events are in the log, or None if none of them is.

        Its idempotency key is answered with that outcome from now on.

        Raises:
            EventIdReusedError: only some of them are, or with other content.
            IdempotencyKeyTakenError: its key is taken.
        """
        work = commit.work
        if not commit.ids:
            return None
        outcome = repeated_outcome(work.appends, await self._look_ups.find(commit.ids), work.tenant)
        if outcome is not None and work.idempotency is not None:
            async with self._connections.transaction() as connection:
                await claim_key(connection, self._connections.location.schema, work.idempotency, outcome)
        return outcome

    async def _heads(self, tenant: str, streams: Sequence[str]) -> dict[str, int]:
        sql = load_sql("stream_versions", self._connections.location.schema)
        rows = await self._connections.fetch(sql, [tenant] * len(streams), streams)
        return dict.fromkeys(streams, 0) | {row["stream"]: row["version"] for row in rows}

    async def _is_taken(self, record: IdempotencyRecord | None) -> bool:
        return record is not None and await self._keys.find(record.scope, record.key) is not None


def lost_race(commit: Commit, error: Exception) -> ConflictError | None:
    """Return the conflict that a deadlock or a time limit of waiting for others stands for; None for other errors."""
    if sqlstate(error) not in _LOST_RACES:
        return None
    conditions = commit.work.conditions
    key = " or ".join(str(condition.query) for condition in conditions) or next(iter(commit.parts), "")
    message = f"others were writing to {key!r} for too long"
    return ConflictError(message, key=key, hint="Take the decision again.")
