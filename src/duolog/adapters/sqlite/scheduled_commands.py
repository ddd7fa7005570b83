"""Scheduled commands, by the clock of the machine: that is an embedded database's clock."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from duolog.adapters._sql import scheduled_commands
from duolog.adapters.sqlite.owner_liveness import is_dead
from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.scheduling.command_schedule import Known, Overdue
from duolog.scheduling.scheduled_command import NewCommand, ScheduledCommand, ScheduledId, ScheduledState
from duolog.tables.statements import Statement

R = TypeVar("R")


class SqliteCommandSchedule:
    """A `CommandSchedule`. The lease of a process that died on this machine counts as expired.

    Args:
        writer: gives commands out, in its thread.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    def adding(self, command: NewCommand) -> Statement:
        """Return the statement that schedules a command; see `CommandSchedule.adding`."""
        return scheduled_commands.adding(command, _now())

    def cancelling(self, command: ScheduledId, *, tenant: str) -> Statement:
        """Return the statement that takes a command back; see `CommandSchedule.cancelling`."""
        return scheduled_commands.cancelling(command, tenant)

    async def take(self, known: Known, *, owner: str, seconds: float, limit: int) -> Sequence[ScheduledCommand]:
        """Give out commands that are due; see `CommandSchedule.take`."""
        return await self._write(
            lambda connection: scheduled_commands.take(
                connection, known, _now(), owner=owner, seconds=seconds, limit=limit
            )
        )

    async def seconds_until_due(self, known: Known) -> float | None:
        """Tell when there is something to take; see `CommandSchedule.seconds_until_due`.

        What a process had taken that died on this machine is given back.
        """

        def look(connection: sqlite3.Connection) -> tuple[float | None, list[str]]:
            until_due = scheduled_commands.seconds_until_due(connection, known, _now())
            return until_due, scheduled_commands.owners(connection)

        until_due, owners = await self._readers.run(look)
        dead = [owner for owner in owners if is_dead(owner)]
        for owner in dead:
            await self._write(partial(scheduled_commands.release, owner=owner, now=_now()))
        return 0.0 if dead else until_due

    async def renew(self, taken: Sequence[ScheduledCommand], *, seconds: float) -> None:
        """Keep commands for longer; see `CommandSchedule.renew`."""
        await self._write(lambda connection: scheduled_commands.renew(connection, taken, _now(), seconds))

    async def remove_executed(self, executed: Sequence[ScheduledCommand]) -> None:
        """Forget commands that have taken effect."""
        await self._write(lambda connection: scheduled_commands.remove_executed(connection, executed))

    async def try_again(self, taken: ScheduledCommand, *, seconds: float, error: str) -> None:
        """Give a command back, to be given out again after a pause; see `CommandSchedule.try_again`."""
        await self._write(lambda connection: scheduled_commands.try_again(connection, taken, _now(), seconds, error))

    async def set_aside(self, taken: ScheduledCommand, *, error: str, traceback: str) -> None:
        """Mark a command as failed; see `CommandSchedule.set_aside`."""
        await self._write(lambda connection: scheduled_commands.set_aside(connection, taken, error, traceback))

    async def find(self, command: ScheduledId) -> ScheduledCommand | None:
        """Return a command; see `CommandSchedule.find`."""
        found = await self._readers.run(lambda connection: scheduled_commands.read(connection, command_id=command))
        return found[0] if found else None

    async def read(
        self, *, state: ScheduledState | None = None, command: str | None = None, tenant: str | None = None, limit: int
    ) -> Sequence[ScheduledCommand]:
        """Return commands in the order they are due; see `CommandSchedule.read`."""
        return await self._readers.run(
            lambda connection: scheduled_commands.read(
                connection, state=state, command=command, tenant=tenant, limit=limit
            )
        )

    async def overdue(self, *, seconds: float) -> Overdue:
        """Count what should have been executed; see `CommandSchedule.overdue`."""
        return await self._readers.run(lambda connection: scheduled_commands.overdue(connection, _now(), seconds))

    async def retry(self, command: ScheduledId) -> bool:
        """Let a command be given out at once; see `CommandSchedule.retry`."""
        return await self._write(lambda connection: scheduled_commands.retry(connection, command, _now()))

    async def remove(self, command: ScheduledId, *, state: ScheduledState) -> bool:
        """Forget a command without executing it; see `CommandSchedule.remove`."""
        return await self._write(lambda connection: scheduled_commands.remove(connection, command, state, _now()))

    async def _write(self, work: Callable[[sqlite3.Connection], R]) -> R:
        return await self._writer.run(Action(work))


def _now() -> int:
    return time.time_ns() // 1_000
