"""Scheduled commands and processes in memory, as a log takes them along when it is moved."""

from collections.abc import Sequence

from duolog.adapters._sql import moved_processes
from duolog.adapters._sql.moved_processes import MovedProcess
from duolog.adapters.memory.tables import Tables
from duolog.database.transfer import KeptProcess, ProcessBeginning
from duolog.scheduling.scheduled_command import ScheduledCommand

_ALL = {"process": "", "tenant": "", "key": "", "number": 0, "limit": -1}


def all_beginnings(tables: Tables) -> list[ProcessBeginning]:
    """Return where processes begin, by name."""
    rows = tables.connection.execute(moved_processes.BEGINNINGS_PAGE, _ALL).fetchall()
    return [moved_processes.beginning_of(row) for row in rows]


def all_processes(tables: Tables) -> list[KeptProcess]:
    """Return running processes, by name, tenant and key."""
    rows = tables.connection.execute(moved_processes.PROCESSES_PAGE, _ALL).fetchall()
    return [moved_processes.kept_process_of(row) for row in rows]


def all_commands(tables: Tables) -> list[ScheduledCommand]:
    """Return scheduled commands, in the order in which they were scheduled."""
    rows = tables.connection.execute(moved_processes.COMMANDS_PAGE, _ALL).fetchall()
    return [moved_processes.command_of(row) for row in rows]


async def replace_all(tables: Tables, moved: Sequence[MovedProcess]) -> None:
    """Put others in their place, in one transaction."""
    async with tables.turn:
        with tables.transaction() as connection:
            moved_processes.forget(connection)
            for each in moved:
                moved_processes.receive(connection, each)
            tables.commit()
