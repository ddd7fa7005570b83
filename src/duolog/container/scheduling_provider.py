"""What handlers take to schedule commands, and process managers."""

from collections.abc import Sequence

from dishka import Provider, Scope, provide  # pyright: ignore[reportUnknownVariableType]

from duolog.codec.command_codec import CommandCodec
from duolog.container.deadline_interactor import Reactors
from duolog.database.port import Database
from duolog.messages.metadata import Metadata
from duolog.process_managers.process_manager import Reactor
from duolog.scheduling.due_signal import DueSignal
from duolog.write.command_scheduler import CommandScheduler, UnitCommandScheduler
from duolog.write.unit_of_work import UnitOfWork


class SchedulingProvider(Provider):
    """Provides the scheduler of the command that is being handled.

    Args:
        codec: knows the commands that the application handles.
        signal: is set when a command was scheduled.
        reactors: the application's reactors and process managers.
    """

    scope = Scope.REQUEST

    def __init__(self, codec: CommandCodec, signal: DueSignal, reactors: Sequence[type[Reactor]]) -> None:
        super().__init__()
        self._codec = codec
        self._signal = signal
        self._reactors = Reactors({reactor.name: reactor for reactor in reactors}, codec, signal)
        for reactor in reactors:
            self.provide(reactor)

    @provide(scope=Scope.APP)
    def reactors(self) -> Reactors:
        """Provide the classes of reactors and process managers."""
        return self._reactors

    @provide
    def command_scheduler(self, unit: UnitOfWork, database: Database, metadata: Metadata) -> CommandScheduler:
        """Provide the command scheduler of the command."""
        return UnitCommandScheduler(unit, database.schedule, self._codec, metadata, self._signal)
