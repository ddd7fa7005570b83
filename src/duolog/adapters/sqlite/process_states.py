"""Running processes."""

import time
from collections.abc import Collection, Mapping

from duolog.adapters._sql import stored_processes
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.process_managers.states import Place, StoredProcess
from duolog.tables.statements import Statement


class SqliteProcessStates:
    """A `ProcessStates`.

    Args:
        writer: notes beginnings, in its thread.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def read(self, process: str, places: Collection[Place]) -> Mapping[Place, StoredProcess]:
        """Return those of the processes that are stored."""
        return await self._readers.run(lambda connection: stored_processes.read(connection, process, places))

    def writing(self, before: StoredProcess, after: StoredProcess) -> Statement:
        """Return the statement that stores or forgets a process; see `ProcessStates.writing`."""
        return stored_processes.writing(before, after, time.time_ns() // 1_000)

    async def beginning(self, process: str) -> int | None:
        """Return after which position a process manager begins; None if that is not noted."""
        return await self._readers.run(lambda connection: stored_processes.beginning(connection, process))

    async def begin(self, process: str, position: int) -> int:
        """Note after which position a process manager begins; see `ProcessStates.begin`."""
        return await self._writer.run(Action(lambda connection: stored_processes.begin(connection, process, position)))
