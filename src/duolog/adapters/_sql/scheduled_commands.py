"""Scheduled commands in a table of SQLite: the statements, and what runs on a connection inside a transaction."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from duolog.adapters._sql.sql_files import load_sql
from duolog.scheduling.command_schedule import Known, Overdue
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.tables.statements import Statement

_MICROSECONDS: Final = 1_000_000
_SCHEDULE: Final = load_sql("schedule_command")
_CANCEL: Final = load_sql("cancel_scheduled_command")
_NEXT: Final = load_sql("next_due_command")
_DUE: Final = load_sql("due_commands")
_TAKE: Final = load_sql("take_command")
_RENEW: Final = load_sql("renew_command")
_REMOVE_EXECUTED: Final = load_sql("remove_executed_command")
_TRY_AGAIN: Final = load_sql("try_command_again")
_SET_ASIDE: Final = load_sql("set_command_aside")
_READ: Final = load_sql("read_scheduled_commands")
_OVERDUE: Final = load_sql("overdue_commands")
_RETRY: Final = load_sql("retry_command")
_OWNERS: Final = load_sql("command_owners")
_RELEASE: Final = load_sql("release_commands")
_REMOVE: Final = load_sql("remove_command")


def adding(command: NewCommand, now: int) -> Statement:
    """Return the statement of `CommandSchedule.adding`; ``now`` is microseconds since 1970, as all times here."""
    values = {
        "id": str(command.id),
        "tenant": command.tenant,
        "command": command.command,
        "version": command.version,
        "payload": command.payload.decode(),
        "metadata": command.metadata.decode(),
        "key": command.key,
        "now": now,
        "due_at": command.at if command.at is not None else now + command.after,
    }
    return Statement(_SCHEDULE, values)


def cancelling(command: ScheduledId, tenant: str) -> Statement:
    """Return the statement of `CommandSchedule.cancelling`."""
    return Statement(_CANCEL, {"id": str(command), "tenant": tenant})


def take(
    connection: sqlite3.Connection, known: Known, now: int, *, owner: str, seconds: float, limit: int
) -> list[ScheduledCommand]:
    """Take what is due; see `CommandSchedule.take`."""
    due = connection.execute(_DUE, {"known": json.dumps(dict(known)), "now": now, "limit": limit}).fetchall()
    until = now + round(seconds * _MICROSECONDS)
    taken: list[ScheduledCommand] = []
    for (command,) in due:
        (row,) = connection.execute(_TAKE, {"until": until, "owner": owner, "id": command}).fetchall()
        taken.append(scheduled_command(row))
    return taken


def seconds_until_due(connection: sqlite3.Connection, known: Known, now: int) -> float | None:
    """Look when something is due; see `CommandSchedule.seconds_until_due`."""
    row = connection.execute(_NEXT, {"known": json.dumps(dict(known))}).fetchone()
    return None if row is None else max(0.0, (row[0] - now) / _MICROSECONDS)


def owners(connection: sqlite3.Connection) -> list[str]:
    """Return the names of those who execute commands."""
    return [owner for (owner,) in connection.execute(_OWNERS).fetchall()]


def release(connection: sqlite3.Connection, owner: str, now: int) -> None:
    """Give back what an owner has taken."""
    connection.execute(_RELEASE, {"owner": owner, "now": now})


def renew(connection: sqlite3.Connection, taken: Sequence[ScheduledCommand], now: int, seconds: float) -> None:
    """Keep commands for longer; see `CommandSchedule.renew`."""
    until = now + round(seconds * _MICROSECONDS)
    connection.executemany(_RENEW, [{**_as_taken(command), "until": until} for command in taken])


def remove_executed(connection: sqlite3.Connection, executed: Sequence[ScheduledCommand]) -> None:
    """Forget commands; see `CommandSchedule.remove_executed`."""
    connection.executemany(_REMOVE_EXECUTED, [{"id": str(command.id)} for command in executed])


def try_again(connection: sqlite3.Connection, taken: ScheduledCommand, now: int, seconds: float, error: str) -> None:
    """Give a command back; see `CommandSchedule.try_again`."""
    next_at = now + round(seconds * _MICROSECONDS)
    connection.execute(_TRY_AGAIN, {**_as_taken(taken), "next_at": next_at, "error": error})


def set_aside(connection: sqlite3.Connection, taken: ScheduledCommand, error: str, traceback: str) -> None:
    """Mark a command as failed; see `CommandSchedule.set_aside`."""
    connection.execute(_SET_ASIDE, {**_as_taken(taken), "error": error, "traceback": traceback})


def read(
    connection: sqlite3.Connection,
    *,
    command_id: ScheduledId | None = None,
    state: ScheduledState | None = None,
    command: str | None = None,
    tenant: str | None = None,
    limit: int = 1,
) -> list[ScheduledCommand]:
    """Return commands; see `CommandSchedule.read` and `CommandSchedule.find`."""
    values: Mapping[str, Any] = {
        "id": None if command_id is None else str(command_id),
        "state": None if state is None else state.value,
        "command": command,
        "tenant": tenant,
        "limit": limit,
    }
    return [scheduled_command(row) for row in connection.execute(_READ, values).fetchall()]


def overdue(connection: sqlite3.Connection, now: int, seconds: float) -> Overdue:
    """Count what should have been executed; see `CommandSchedule.overdue`."""
    until = now - round(seconds * _MICROSECONDS)
    return Overdue(*connection.execute(_OVERDUE, {"until": until}).fetchone())


def retry(connection: sqlite3.Connection, command: ScheduledId, now: int) -> bool:
    """Let a command be given out at once; see `CommandSchedule.retry`."""
    return connection.execute(_RETRY, {"id": str(command), "now": now}).rowcount == 1


def remove(connection: sqlite3.Connection, command: ScheduledId, state: ScheduledState, now: int) -> bool:
    """Forget a command without executing it; see `CommandSchedule.remove`."""
    return connection.execute(_REMOVE, {"id": str(command), "state": state.value, "now": now}).rowcount == 1


def _as_taken(command: ScheduledCommand) -> dict[str, Any]:
    return {"id": str(command.id), "attempts": command.attempts}


def scheduled_command(row: tuple[Any, ...]) -> ScheduledCommand:
    """Make a command of its columns."""
    command, tenant, name, version, payload, metadata, key, scheduled_at, due_at, next_at, state, *rest = row
    return ScheduledCommand(
        ScheduledId(UUID(command)),
        tenant,
        name,
        version,
        payload.encode(),
        metadata.encode(),
        key,
        scheduled_at,
        due_at,
        next_at,
        ScheduledState(state),
        *rest,
    )
