"""Running processes in a table in memory."""

from collections.abc import Collection, Mapping

from duolog.adapters._sql import stored_processes
from duolog.adapters.memory.clock import DatabaseClock
from duolog.adapters.memory.tables import Tables
from duolog.process_managers.states import Place, StoredProcess
from duolog.tables.statements import Statement


class MemoryProcessStates:
    """A `ProcessStates`.

    Args:
        tables: where the processes are.
        clock: dates them.
    """

    __slots__ = ("_clock", "_tables")

    def __init__(self, tables: Tables, clock: DatabaseClock) -> None:
        self._tables = tables
        self._clock = clock

    async def read(self, process: str, places: Collection[Place]) -> Mapping[Place, StoredProcess]:
        """Return those of the processes that are stored."""
        async with self._tables.turn:
            return stored_processes.read(self._tables.connection, process, places)

    def writing(self, before: StoredProcess, after: StoredProcess) -> Statement:
        """Return the statement that stores or forgets a process; see `ProcessStates.writing`."""
        return stored_processes.writing(before, after, self._clock.now())

    async def beginning(self, process: str) -> int | None:
        """Return after which position a process manager begins; None if that is not noted."""
        async with self._tables.turn:
            return stored_processes.beginning(self._tables.connection, process)

    async def begin(self, process: str, position: int) -> int:
        """Note after which position a process manager begins; see `ProcessStates.begin`."""
        async with self._tables.turn:
            with self._tables.transaction() as connection:
                beginning = stored_processes.begin(connection, process, position)
                self._tables.commit()
                return beginning
