"""Scheduled commands and processes in SQLite's tables, as a log takes them along when it is moved."""

import sqlite3
from typing import Any, Final

from duolog.adapters._sql.ddl import single_statements
from duolog.adapters._sql.scheduled_commands import scheduled_command
from duolog.adapters._sql.sql_files import load_sql
from duolog.adapters._sql.stored_processes import stored_process, written_values
from duolog.database.transfer import KeptProcess, ProcessBeginning
from duolog.scheduling.scheduled_command import ScheduledCommand

BEGINNINGS_PAGE: Final = load_sql("beginnings_page")
PROCESSES_PAGE: Final = load_sql("processes_page")
COMMANDS_PAGE: Final = load_sql("scheduled_commands_page")
_RECEIVE_BEGINNING: Final = load_sql("receive_beginning")
_RECEIVE_PROCESS: Final = load_sql("receive_process")
_RECEIVE_COMMAND: Final = load_sql("receive_scheduled_command")
_FORGET_PROCESS: Final = tuple(single_statements(load_sql("forget_process")))
_FORGET: Final = tuple(single_statements(load_sql("forget_processes")))

MovedProcess = ProcessBeginning | KeptProcess | ScheduledCommand


def beginning_of(row: Any) -> ProcessBeginning:
    """Make a beginning of its columns."""
    return ProcessBeginning(*row)


def kept_process_of(row: Any) -> KeptProcess:
    """Make a process of its columns."""
    process, tenant, key, *stored, updated_at = row
    return KeptProcess(stored_process(process, tenant, key, stored), updated_at)


def command_of(row: Any) -> ScheduledCommand:
    """Make a command of its columns, of which the last is its number."""
    return scheduled_command(tuple(row)[:-1])


def process_columns(kept: KeptProcess) -> tuple[Any, ...]:
    """Return the columns of a process, in the order in which they are received."""
    process, values = kept.process, written_values(kept.process)
    stored = (values["stamp"], values["version"], values["state"], values["deadlines"])
    return (process.process, process.tenant, process.key, *stored, kept.updated_at)


def command_columns(command: ScheduledCommand) -> tuple[Any, ...]:
    """Return the columns of a command beside its id and owner, in the order in which they are received."""
    encoded = (command.payload.decode(), command.metadata.decode())
    times = (command.scheduled_at, command.due_at, command.next_at)
    outcome = (command.state.value, command.attempts, command.error, command.traceback)
    return (command.tenant, command.command, command.version, *encoded, command.key, *times, *outcome)


def receive(connection: sqlite3.Connection, moved: MovedProcess) -> None:
    """Record what another database remembers, in the open transaction."""
    match moved:
        case ProcessBeginning(process, position):
            connection.execute(_RECEIVE_BEGINNING, (process, position))
        case KeptProcess():
            connection.execute(_RECEIVE_PROCESS, process_columns(moved))
        case ScheduledCommand():
            connection.execute(_RECEIVE_COMMAND, (str(moved.id), *command_columns(moved)))


def forget(connection: sqlite3.Connection) -> None:
    """Drop all of them, in the open transaction."""
    for statement in _FORGET:
        connection.execute(statement)


def forget_process(connection: sqlite3.Connection, process: str) -> None:
    """Drop what one reactor or process manager remembers, with its deadlines, in the open transaction."""
    for statement in _FORGET_PROCESS:
        connection.execute(statement, {"process": process})
