"""The port by which an interactor schedules commands, and how it is kept over one unit of work."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from duolog.codec.command_codec import CommandCodec
from duolog.errors import UnitOfWorkError
from duolog.eventstore.appends import Appended
from duolog.ids import uuid7
from duolog.messages.metadata import Metadata
from duolog.scheduling.command_schedule import CommandSchedule
from duolog.scheduling.due_signal import DueSignal
from duolog.scheduling.encoding import inherited_metadata, new_command
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.write.unit_of_work import UnitOfWork

MOST_COMMANDS: Final = 1_000
"""So many commands one unit of work may schedule."""


class CommandScheduler(Protocol):
    """Stages commands that are to be executed later; they are scheduled by the commit of the current unit of work.

    A scheduled command is executed once in effect, by any process that runs the application's projections, with the
    correlation, actor and tenant of the message that scheduled it. What a refused command raised is kept with it.
    """

    async def schedule(
        self, command: object, *, at: datetime | None = None, after: timedelta | None = None, key: str | None = None
    ) -> ScheduledId:
        """Stage a command.

        Args:
            command: an instance of a class with ``@command``, which the application handles.
            at: when it is due, with a time zone; a time in the past means at once.
            after: how long after the commit it is due, by the database's clock; at once if both are None.
            key: commands of one key are executed one after another, in the order they are due; a failed one stops
                those behind it. 200 characters at most.

        Returns:
            Its id, to cancel it.

        Raises:
            WorkAfterCommitError: ``commit()`` was called before.
            UnnamedTypeError: its class has no ``@command``.
            MissingHandlerError: the application does not handle it.
            PayloadError: it cannot be stored.
            InvalidMessageError: the time or the key is not allowed.
        """
        ...

    async def cancel(self, scheduled: ScheduledId) -> None:
        """Stage that a command is taken back; nothing happens if it was executed already.

        One that begins before this unit of work is committed still runs to its end. So where a late command would do
        harm, let its interactor look whether it is still wanted.

        Raises:
            WorkAfterCommitError: ``commit()`` was called before.
        """
        ...


class UnitCommandScheduler:
    """A `CommandScheduler` over one unit of work.

    Args:
        unit: where it stages.
        schedule: makes the statements.
        codec: encodes commands.
        metadata: of the message that is being handled.
        signal: is set after the commit.
    """

    __slots__ = ("_codec", "_count", "_metadata", "_schedule", "_signal", "_unit")

    def __init__(
        self,
        unit: UnitOfWork,
        schedule: CommandSchedule,
        codec: CommandCodec,
        metadata: Metadata,
        signal: DueSignal,
    ) -> None:
        self._unit = unit
        self._schedule = schedule
        self._codec = codec
        self._metadata = metadata
        self._signal = signal
        self._count = 0

    async def schedule(
        self, command: object, *, at: datetime | None = None, after: timedelta | None = None, key: str | None = None
    ) -> ScheduledId:
        """Stage a command; see `CommandScheduler.schedule`."""
        if self._count >= MOST_COMMANDS:
            message = f"a unit of work schedules {MOST_COMMANDS} commands at most"
            raise UnitOfWorkError(message, hint="Schedule one command that does the work in parts.")
        scheduled = ScheduledId(uuid7())
        new = new_command(
            self._codec,
            command,
            id=scheduled,
            tenant=self._unit.tenant,
            metadata=inherited_metadata(self._metadata),
            at=at,
            after=after,
            key=key,
        )
        self._unit.stage_aside(self._schedule.adding(new))
        if not self._count:
            self._unit.after_commit(self._wake)
        self._count += 1
        return scheduled

    async def cancel(self, scheduled: ScheduledId) -> None:
        """Stage that a command is taken back; see `CommandScheduler.cancel`."""
        self._unit.stage_aside(self._schedule.cancelling(scheduled, tenant=self._unit.tenant))

    async def _wake(self, _: Appended) -> None:
        self._signal.set()
