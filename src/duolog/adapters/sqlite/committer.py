"""Committing units of work through the writer."""

import sqlite3
from typing import Final

from duolog.adapters.sqlite.held_writer import SqliteHeldWriter
from duolog.adapters.sqlite.read_session import SqliteReadSession
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.work_unit import work_unit
from duolog.adapters.sqlite.writer import Writer
from duolog.eventstore.appends import Appended
from duolog.write.sealed_work import HeldWriter, SealedWork

_OVERWRITE: Final = (load_sql("settle_begin"), load_sql("settle_end"))


class SqliteWorkCommitter:
    """A `WorkCommitter`.

    Args:
        writer: runs the units.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def commit(self, work: SealedWork) -> Appended:
        """Commit one unit of work; see `WorkCommitter.commit`."""
        return await self._writer.run(work_unit(work))

    async def settle(self) -> None:
        """Commit something else: it overwrites what an interrupted commit may have left at the end of the WAL."""
        await self._writer.run(Action(_overwrite))

    def open_reader(self) -> SqliteReadSession:
        """Open a session that reads one snapshot."""
        return SqliteReadSession(self._readers)

    async def hold_writer(self, *, seconds: float) -> HeldWriter:
        """Take the writer for one unit of work; see `WorkCommitter.hold_writer`."""
        hold = await self._writer.hold(seconds=seconds, patience=seconds)
        return SqliteHeldWriter(hold)


def _overwrite(connection: sqlite3.Connection) -> None:
    for statement in _OVERWRITE:
        connection.execute(statement)
