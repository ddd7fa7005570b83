"""The writer as a unit of work holds it: it reads its own writes."""

import sqlite3
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from duolog.adapters._sql.reading import Writing
from duolog.adapters._sql.statements import run_statement
from duolog.adapters.sqlite.checkpoints import read_live
from duolog.adapters.sqlite.hold import Hold
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.work_unit import work_unit
from duolog.eventstore.appends import Appended
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.tables.statements import Statement
from duolog.write.sealed_work import SealedWork

R = TypeVar("R")


class SqliteHeldWriter(Writing):
    """A `HeldWriter` over one loan of the writer.

    Args:
        hold: the loan.
    """

    __slots__ = ("_hold",)

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    def end(self) -> bool:
        """Say that `close` has the writer to give back; giving it back twice does nothing."""
        return True

    async def read(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work``, which may only read, in the open transaction."""
        return await self._hold.run(reading_only(work))

    async def write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Run ``work``, which may write, in the open transaction; nothing of it remains if it fails."""
        return await self._hold.run(Action(work))

    async def run(self, statement: Statement) -> int:
        """Run a writing statement now; see `HeldWriter.run`."""
        return await self.write(lambda connection: run_statement(connection, statement))

    async def await_turn(self, tenant: str, streams: Collection[str]) -> None:
        """Go on: nobody else writes while the writer is held."""

    async def live_checkpoints(self, subscription: str) -> Sequence[Checkpoint]:
        """Return the checkpoints of a subscription's live generation; see `HeldWriter.live_checkpoints`."""
        return await self._hold.run(Action(lambda connection: read_live(connection, subscription)))

    async def commit(self, work: SealedWork) -> Appended:
        """Add ``work`` to what was run, commit, and give the writer back; see `HeldWriter.commit`."""
        try:
            return await self._hold.commit(work_unit(work))
        finally:
            self._hold.release()

    async def close(self) -> None:
        """Roll back what was not committed, and give the writer back. May be called twice."""
        self._hold.release()


def reading_only(work: Callable[[sqlite3.Connection], R]) -> Action[R]:
    """Make a unit of ``work`` in which the database refuses writes."""

    def run(connection: sqlite3.Connection) -> R:
        connection.execute("PRAGMA query_only = ON")
        try:
            return work(connection)
        finally:
            connection.execute("PRAGMA query_only = OFF")

    return Action(run)
