"""Scheduled commands, by the clock of the database."""

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.scheduling.command_schedule import Known, Overdue
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.tables.statements import Statement

_MICROSECONDS: Final = 1_000_000


class PostgresCommandSchedule:
    """A `CommandSchedule`. Processes that take at the same time skip what the others are taking.

    Args:
        connections: where connections come from.
    """

    __slots__ = ("_connections", "_schema")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._schema = connections.location.schema

    def adding(self, command: NewCommand) -> Statement:
        """Return the statement that schedules a command; see `CommandSchedule.adding`."""
        values = {
            "id": command.id,
            "tenant": command.tenant,
            "command": command.command,
            "version": command.version,
            "payload": command.payload.decode(),
            "metadata": command.metadata.decode(),
            "key": command.key,
            "at": command.at,
            "after": command.after,
        }
        return Statement(load_sql("schedule_command", self._schema), values)

    def cancelling(self, command: ScheduledId, *, tenant: str) -> Statement:
        """Return the statement that takes a command back; see `CommandSchedule.cancelling`."""
        return Statement(load_sql("cancel_scheduled_command", self._schema), {"id": command, "tenant": tenant})

    async def take(self, known: Known, *, owner: str, seconds: float, limit: int) -> Sequence[ScheduledCommand]:
        """Give out commands that are due; see `CommandSchedule.take`."""
        rows = await self._write("take_due_commands", json.dumps(dict(known)), limit, _microseconds(seconds), owner)
        return sorted(map(scheduled_command, rows), key=lambda command: command.due_at)

    async def seconds_until_due(self, known: Known) -> float | None:
        """Tell when there is something to take; see `CommandSchedule.seconds_until_due`."""
        row = await self._connections.fetch_row(load_sql("next_due_command", self._schema), json.dumps(dict(known)))
        return None if row is None else max(0.0, row["microseconds"] / _MICROSECONDS)

    async def renew(self, taken: Sequence[ScheduledCommand], *, seconds: float) -> None:
        """Keep commands for longer; see `CommandSchedule.renew`."""
        ids, attempts = [command.id for command in taken], [command.attempts for command in taken]
        await self._write("renew_commands", ids, attempts, _microseconds(seconds))

    async def remove_executed(self, executed: Sequence[ScheduledCommand]) -> None:
        """Forget commands that have taken effect."""
        await self._write("remove_executed_commands", [command.id for command in executed])

    async def try_again(self, taken: ScheduledCommand, *, seconds: float, error: str) -> None:
        """Give a command back, to be given out again after a pause; see `CommandSchedule.try_again`."""
        await self._write("try_command_again", taken.id, taken.attempts, _microseconds(seconds), error)

    async def set_aside(self, taken: ScheduledCommand, *, error: str, traceback: str) -> None:
        """Mark a command as failed; see `CommandSchedule.set_aside`."""
        await self._write("set_command_aside", taken.id, taken.attempts, error, traceback)

    async def find(self, command: ScheduledId) -> ScheduledCommand | None:
        """Return a command; see `CommandSchedule.find`."""
        found = await self._read(command, None, None, None, 1)
        return found[0] if found else None

    async def read(
        self, *, state: ScheduledState | None = None, command: str | None = None, tenant: str | None = None, limit: int
    ) -> Sequence[ScheduledCommand]:
        """Return commands in the order they are due; see `CommandSchedule.read`."""
        return await self._read(None, None if state is None else state.value, command, tenant, limit)

    async def overdue(self, *, seconds: float) -> Overdue:
        """Count what should have been executed; see `CommandSchedule.overdue`."""
        (row,) = await self._connections.fetch(load_sql("overdue_commands", self._schema), _microseconds(seconds))
        return Overdue(*row)

    async def retry(self, command: ScheduledId) -> bool:
        """Let a command be given out at once; see `CommandSchedule.retry`."""
        return bool(await self._write("retry_command", command))

    async def remove(self, command: ScheduledId, *, state: ScheduledState) -> bool:
        """Forget a command without executing it; see `CommandSchedule.remove`."""
        return bool(await self._write("remove_command", command, state.value))

    async def _write(self, name: str, *values: object) -> Sequence[asyncpg.Record]:
        self._connections.refuse_if_read_only()
        return await self._connections.fetch(load_sql(name, self._schema), *values)

    async def _read(self, *values: object) -> list[ScheduledCommand]:
        rows = await self._connections.fetch(load_sql("read_scheduled_commands", self._schema), *values)
        return [scheduled_command(row) for row in rows]


def _microseconds(seconds: float) -> int:
    return round(seconds * _MICROSECONDS)


def scheduled_command(row: Any) -> ScheduledCommand:
    """Make a command of its columns."""
    command, tenant, name, version, payload, metadata, key, scheduled_at, due_at, next_at, state, *rest = row
    return ScheduledCommand(
        ScheduledId(UUID(int=command.int)),
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
