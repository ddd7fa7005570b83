"""Committing units of work: many in one transaction, or, where they change tables, each in its own."""

import asyncio

from duolog.adapters.postgres.commits import plan_commit
from duolog.adapters.postgres.group_commit import GroupCommit
from duolog.adapters.postgres.held_writer import PostgresHeldWriter
from duolog.adapters.postgres.lost_sessions import LostSessions
from duolog.adapters.postgres.own_commits import OwnCommits
from duolog.adapters.postgres.read_session import PostgresReadSession
from duolog.adapters.postgres.work_transactions import WorkTransactions
from duolog.errors import DatabaseBusyError
from duolog.eventstore.appends import NOTHING_APPENDED, Appended
from duolog.write.sealed_work import HeldWriter, SealedWork


class PostgresWorkCommitter:
    """A `WorkCommitter`.

    Args:
        group: commits units without statements.
        transactions: commits units with statements.
        lost: sessions whose last call has an unknown outcome.
        commits: hears of each attempt to commit, whatever came of it.
    """

    __slots__ = ("_commits", "_group", "_lost", "_transactions")

    def __init__(
        self, group: GroupCommit, transactions: WorkTransactions, lost: LostSessions, commits: OwnCommits
    ) -> None:
        self._commits = commits
        self._group = group
        self._transactions = transactions
        self._lost = lost

    async def commit(self, work: SealedWork) -> Appended:
        """Commit one unit of work; see `WorkCommitter.commit`."""
        commit = plan_commit(work)
        if work.statements:
            return await self._transactions.run(commit)
        if work.is_empty:
            return NOTHING_APPENDED
        try:
            return await self._group.commit(commit)
        finally:
            self._commits.note()

    async def settle(self) -> None:
        """End the sessions whose outcome is unknown, and wait until they have ended; see `WorkCommitter.settle`."""
        try:
            await self._lost.settle()
        finally:
            self._commits.note()  # whose outcome was unknown has ended by now, and may have been committed late

    def open_reader(self) -> PostgresReadSession:
        """Open a session that reads one snapshot."""
        return PostgresReadSession(self._transactions.connections, self._transactions.statements)

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        """Open a transaction that reads its own writes; see `WorkCommitter.hold_writer`.

        Others write meanwhile: what they wait for are the rows that this one has changed.
        """
        writer = PostgresHeldWriter(self._transactions, seconds=seconds)
        try:
            async with asyncio.timeout(seconds):
                await writer.begin()
        except TimeoutError as error:
            message = f"a transaction could not be begun within {seconds:g} s"
            raise DatabaseBusyError(message, hint="Too many sessions are open; keep what runs inside short.") from error
        return writer
