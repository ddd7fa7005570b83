"""Lets a process manager react when one of its deadlines is reached: a scheduled command like every other."""

from collections.abc import Mapping

from dishka import AsyncContainer

from duolog.codec.command_codec import CommandCodec
from duolog.database.port import Database
from duolog.errors import DatabaseBusyError, UndecodableCommandError
from duolog.messages.metadata import Metadata
from duolog.process_managers.process_manager import Reactor, manager_of
from duolog.process_managers.work import ReachDeadlineCommand, Work
from duolog.scheduling.due_signal import DueSignal
from duolog.scheduling.encoding import inherited_metadata
from duolog.write.unit_of_work import UnitOfWork


class Reactors:
    """The reactors and process managers of an application, by name.

    Args:
        by_name: their classes.
        codec: encodes the commands that they send.
        signal: is set when they have sent some.
    """

    __slots__ = ("by_name", "codec", "signal")

    def __init__(self, by_name: Mapping[str, type[Reactor]], codec: CommandCodec, signal: DueSignal) -> None:
        self.by_name = by_name
        self.codec = codec
        self.signal = signal


class ReachDeadlineInteractor:
    """Calls ``on_deadline_<name>`` in a unit of work, which stores the process and schedules its commands.

    Of a process whose events are parked, the deadline waits until they were retried: they may take it back.

    Args:
        reactors: the application's.
        container: builds process managers.
        database: keeps processes.
        unit: commits what is wanted.
        metadata: of this command, which stands for the deadline.
    """

    def __init__(
        self, reactors: Reactors, container: AsyncContainer, database: Database, unit: UnitOfWork, metadata: Metadata
    ) -> None:
        self._reactors = reactors
        self._container = container
        self._database = database
        self._unit = unit
        self._metadata = metadata

    async def execute(self, cmd: ReachDeadlineCommand) -> None:
        """Let the process manager react; nothing happens if the deadline was moved or taken back.

        Raises:
            UndecodableCommandError: this release does not have the process manager or the deadline; it waits.
            DatabaseBusyError: events of the process are parked; it waits.
            ConflictError: an event of the process was handled meanwhile.
        """
        reactor = self._reactors.by_name.get(cmd.process)
        manager = None if reactor is None else manager_of(reactor)
        if manager is None or cmd.deadline not in manager.deadlines():
            name = f"{cmd.process}.{cmd.deadline}"
            raise UndecodableCommandError(command=name, version=1, reason="this release has no such deadline")
        tenant = self._metadata.tenant
        if await self._database.parking.read(cmd.process, tenant=tenant, key=cmd.key, limit=1):
            message = f"events of {cmd.process} {cmd.key!r} are parked"
            raise DatabaseBusyError(message, hint="`duolog parked retry` applies them again.")
        place = (tenant, cmd.key)
        states = self._database.process_states
        work = Work(
            manager,
            await self._container.get(manager),
            await states.read(cmd.process, {place}),
            schedule=self._database.schedule,
            states=states,
            codec=self._reactors.codec,
        )
        metadata = self._metadata
        await work.reach(place, cmd.deadline, metadata.message_id, inherited_metadata(metadata))
        for statement in work.statements():
            self._unit.stage_aside(statement)
        if work.sends_commands:
            self._unit.after_commit(self._wake)

    async def _wake(self, _: object) -> None:
        self._reactors.signal.set()
