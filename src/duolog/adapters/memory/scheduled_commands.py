"""Scheduled commands in a table in memory."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import TypeVar

from duolog.adapters._sql import scheduled_commands
from duolog.adapters.memory.clock import DatabaseClock
from duolog.adapters.memory.tables import Tables
from duolog.scheduling.command_schedule import Known, Overdue
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.tables.statements import Statement

R = TypeVar("R")


class MemoryCommandSchedule:
    """A `CommandSchedule`.

    Args:
        tables: where the commands are.
        clock: says what is due.
    """

    __slots__ = ("_clock", "_tables")

    def __init__(self, tables: Tables, clock: DatabaseClock) -> None:
        self._tables = tables
        self._clock = clock

    def adding(self, command: NewCommand) -> Statement:
        """Return the statement that schedules a command; see `CommandSchedule.adding`."""
        return scheduled_commands.adding(command, self._clock.now())

    def cancelling(self, command: ScheduledId, *, tenant: str) -> Statement:
        """Return the statement that takes a command back; see `CommandSchedule.cancelling`."""
        return scheduled_commands.cancelling(command, tenant)

    async def take(self, known: Known, *, owner: str, seconds: float, limit: int) -> Sequence[ScheduledCommand]:
        """Give out commands that are due; see `CommandSchedule.take`."""
        return await self._run(
            lambda connection, now: scheduled_commands.take(
                connection, known, now, owner=owner, seconds=seconds, limit=limit
            )
        )

    async def seconds_until_due(self, known: Known) -> float | None:
        """Tell when there is something to take; see `CommandSchedule.seconds_until_due`."""
        return await self._run(lambda connection, now: scheduled_commands.seconds_until_due(connection, known, now))

    async def renew(self, taken: Sequence[ScheduledCommand], *, seconds: float) -> None:
        """Keep commands for longer; see `CommandSchedule.renew`."""
        await self._run(lambda connection, now: scheduled_commands.renew(connection, taken, now, seconds))

    async def remove_executed(self, executed: Sequence[ScheduledCommand]) -> None:
        """Forget commands that have taken effect."""
        await self._run(lambda connection, _: scheduled_commands.remove_executed(connection, executed))

    async def try_again(self, taken: ScheduledCommand, *, seconds: float, error: str) -> None:
        """Give a command back, to be given out again after a pause; see `CommandSchedule.try_again`."""
        await self._run(lambda connection, now: scheduled_commands.try_again(connection, taken, now, seconds, error))

    async def set_aside(self, taken: ScheduledCommand, *, error: str, traceback: str) -> None:
        """Mark a command as failed; see `CommandSchedule.set_aside`."""
        await self._run(lambda connection, _: scheduled_commands.set_aside(connection, taken, error, traceback))

    async def find(self, command: ScheduledId) -> ScheduledCommand | None:
        """Return a command; see `CommandSchedule.find`."""
        found = await self._run(lambda connection, _: scheduled_commands.read(connection, command_id=command))
        return found[0] if found else None

    async def read(
        self, *, state: ScheduledState | None = None, command: str | None = None, tenant: str | None = None, limit: int
    ) -> Sequence[ScheduledCommand]:
        """Return commands in the order they are due; see `CommandSchedule.read`."""
        return await self._run(
            lambda connection, _: scheduled_commands.read(
                connection, state=state, command=command, tenant=tenant, limit=limit
            )
        )

    async def overdue(self, *, seconds: float) -> Overdue:
        """Count what should have been executed; see `CommandSchedule.overdue`."""
        return await self._run(lambda connection, now: scheduled_commands.overdue(connection, now, seconds))

    async def retry(self, command: ScheduledId) -> bool:
        """Let a command be given out at once; see `CommandSchedule.retry`."""
        return await self._run(lambda connection, now: scheduled_commands.retry(connection, command, now))

    async def remove(self, command: ScheduledId, *, state: ScheduledState) -> bool:
        """Forget a command without executing it; see `CommandSchedule.remove`."""
        return await self._run(lambda connection, now: scheduled_commands.remove(connection, command, state, now))

    async def _run(self, work: Callable[[sqlite3.Connection, int], R]) -> R:
        async with self._tables.turn:
            with self._tables.transaction() as connection:
                result = work(connection, self._clock.now())
                self._tables.commit()
                return result
