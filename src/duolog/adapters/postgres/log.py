"""The log of a database, put together: what appends, what follows, and what is checked before."""

from collections.abc import Callable
from typing import Any, Final

from duolog.adapters.postgres.append_call import AppendCalls
from duolog.adapters.postgres.committer import PostgresWorkCommitter
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.event_store import PostgresEventStore
from duolog.adapters.postgres.group_commit import GroupCommit
from duolog.adapters.postgres.horizon import Horizon
from duolog.adapters.postgres.location import Location
from duolog.adapters.postgres.log_identity import read_identity
from duolog.adapters.postgres.lost_sessions import LostSessions
from duolog.adapters.postgres.own_commits import OwnCommits
from duolog.adapters.postgres.refusals import Refusals
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.statements import Statements
from duolog.adapters.postgres.tail import Tail
from duolog.adapters.postgres.wake_ups import WakeUps
from duolog.adapters.postgres.work_transactions import WorkTransactions
from duolog.errors import SchemaError
from duolog.eventstore.appends import Appended
from duolog.telemetry import METRIC_BATCH_SIZE, find_meter

LANES: Final = 1
"""Transactions of one process that append side by side. More gained nothing: while one commits, the next gathers."""


class PostgresLog:
    """The log between open and close.

    Args:
        location: where it is.
        readers: connections that read the log.
        sessions: connections of units of work that change tables.
        statements: runs the application's statements.
        read_only: nothing is written.
    """

    def __init__(
        self,
        location: Location,
        *,
        readers: Connections,
        sessions: Connections,
        statements: Statements,
        read_only: bool = False,
    ) -> None:
        self._readers = readers
        self._lanes = Connections(location, most=LANES, read_only=read_only)
        self._horizon = Horizon(readers, read_only=read_only)
        self._wake_ups = WakeUps(readers, self._hint)
        self._tail = Tail(self._horizon, self._wake_ups.keep_listening)
        self._lost = LostSessions(readers)
        calls, refusals = AppendCalls(location.schema), Refusals(readers)
        self._group = GroupCommit(
            self._lanes, calls, refusals, self._lost, on_commit=self._committed, on_batch=_batch_counter(), lanes=LANES
        )
        self.commits = OwnCommits(readers)
        transactions = WorkTransactions(
            *(sessions, statements, calls, refusals, self._lost),
            on_commit=self._committed,
            on_end=self.commits.note,
        )
        self.committer = PostgresWorkCommitter(self._group, transactions, self._lost, self.commits)

    async def start(self) -> None:
        """Check what the fence stands on, and make the store.

        Raises:
            SchemaError: positions could be drawn twice, or out of order.
            DatabaseError: the database failed, or it is a standby.
        """
        async with self._readers.use() as connection:
            schema = self._readers.location.schema
            row: Any = await connection.fetchrow(load_sql("examine_log", schema))
            identity = await read_identity(connection, schema)
        _check_sequence(row)
        self._horizon.start(stored=row["horizon"], timeline=row["timeline"])
        self._lost.expect_timeline(row["timeline"])
        self.store = PostgresEventStore(
            log_id=identity.log_id,
            connections=self._readers,
            committer=self.committer,
            horizon=self._horizon,
            tail=self._tail,
        )

    async def close(self) -> None:
        """Finish what was sent, and disconnect. May be called twice."""
        await self._tail.close()
        await self._group.close()
        await self._wake_ups.close()
        await self._lanes.close()

    def _committed(self, _: Appended) -> None:
        self._tail.hint()
        self._wake_ups.announce()

    def _hint(self) -> None:
        self._tail.hint()


def _check_sequence(row: Any) -> None:
    if (row["increment"], row["cache"], row["cycles"]) != (1, 1, False):
        message = "the sequence of positions was altered: readers would miss events"
        raise SchemaError(message, hint="It must have INCREMENT 1, CACHE 1 and NO CYCLE.")
    if row["drawn"] < row["top"] or row["drawn"] < row["horizon"]:
        message = f"the sequence of positions is at {row['drawn']}, below what was recorded"
        raise SchemaError(message, hint="Was the log restored without its sequence? setval() to the greatest position.")


def _batch_counter() -> Callable[[int], None] | None:
    meter = find_meter()
    if meter is None:
        return None
    return meter.create_histogram(
        METRIC_BATCH_SIZE,
        unit="{unit}",
        description="Units of work in one transaction that appends.",
    ).record
