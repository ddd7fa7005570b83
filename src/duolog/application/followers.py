"""What follows the log beside an application's answers, and how it is wired."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dishka import AsyncContainer

from duolog.application.background_work import SCHEDULED_COMMANDS
from duolog.application.declared_views import DeclaredViews
from duolog.application.dispatcher import Dispatcher
from duolog.application.parked_work import ParkedWork
from duolog.application.parts import Parts
from duolog.application.running import Running
from duolog.application.view_news import ViewNews
from duolog.codec.command_codec import CommandCodec
from duolog.codec.event_codec import EventCodec
from duolog.container.scopes import ProjectionScopes, ReactorScopes
from duolog.database.port import Database, View
from duolog.messages.metadata import Metadata
from duolog.process_managers.page_processor import ReactionPorts
from duolog.process_managers.parked_retry import ParkedReactions
from duolog.process_managers.process_manager import Reactor
from duolog.process_managers.runtime import VERSION, ReactorRuntime
from duolog.projections.haste import Haste
from duolog.projections.materialized_shares import MaterializedShares
from duolog.projections.materialized_view import ViewClass
from duolog.projections.parked_retry import ParkedRetry
from duolog.projections.projection import Projection
from duolog.projections.rebuild import Rebuilds
from duolog.projections.runtime import ProjectionRuntime
from duolog.projections.shares import ProjectionShares
from duolog.projections.version_keeper import VersionKeeper
from duolog.read.caching.known_views import KnownViews
from duolog.read.position_wait import PositionWait
from duolog.scheduling.due_commands import DueCommands, DuePace
from duolog.scheduling.due_signal import DueSignal
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.subscriptions.members import Work
from duolog.subscriptions.meters import SubscriptionMeters
from duolog.subscriptions.progress import Progress
from duolog.telemetry import find_meter
from duolog.write.idempotency import IdempotencyKey


@dataclass(frozen=True, slots=True)
class Followers:
    """Projections, processes and scheduled commands of one application. Inline projections follow nothing.

    Attributes:
        parts: what the application is put together from.
        database: its database.
        views: its projections' views.
        container: builds projections and processes.
        events: encodes and decodes events.
        commands: encodes and decodes scheduled commands.
        signal: tells that a command was scheduled.
        dispatcher: executes commands that are due.
        known: hears that views may have changed.
    """

    parts: Parts
    database: Database
    views: DeclaredViews
    container: AsyncContainer
    events: EventCodec
    commands: CommandCodec
    signal: DueSignal
    dispatcher: Dispatcher
    known: KnownViews

    @property
    def projections(self) -> Sequence[type[Projection]]:
        """The projections that follow the log."""
        return [each for each in self.parts.projections if not each.inline]

    @property
    def names(self) -> Sequence[str]:
        """The names of the projections and processes, and what stands for scheduled commands."""
        return [*self._subscriptions, SCHEDULED_COMMANDS] if self.commands.known else self._subscriptions

    def run(self, work: Collection[str]) -> Running:
        """Make what does the named work, once the database is open; nothing of it is started."""
        names, meter = self._subscriptions, find_meter()
        meters = SubscriptionMeters(meter, self.database, names) if meter is not None and names else None
        keyed = [each.name for each in self.projections if each.is_keyed()]
        progress = Progress(self.database.checkpoints, ViewNews(self.known, meters), keyed=keyed)
        haste = Haste()
        materialized = self.materialized(progress, haste)
        runtime = ProjectionRuntime(
            self.projections,
            self.shares(),
            source=self.database,
            progress=progress,
            views=[materialized.subscription(each) for each in self.parts.materialized_views],
            only=work,
            beside=[Work(each.name, each.version) for each in self.parts.projections if each.inline],
        )
        reactors = ReactorRuntime(
            self.parts.processes, self._reaction_ports(), source=self.database, progress=progress, only=work
        )
        return Running(
            runtime=runtime,
            keeper=self._keeper(),
            processes=reactors,
            progress=progress,
            wait=PositionWait(self.database.store, self.database.parking, progress),
            meters=meters,
            due=self._due_commands(runtime.owner),
            haste=haste,
        )

    def shares(self) -> ProjectionShares:
        """Return what applies pages for shares of the projections."""
        return ProjectionShares(
            source=self.database,
            prepare_view=self.views.prepare,
            open_view=self.views.open,
            open_projection=ProjectionScopes(self.container).open,
            codec=self.events,
        )

    def materialized(self, progress: Progress | None = None, haste: Haste | None = None) -> MaterializedShares:
        """Return what refreshes materialized views.

        Args:
            progress: the board on which the owners of this process write how far they are; None where none runs.
            haste: tells whether somebody waits who does not care how often views are refreshed.
        """
        return MaterializedShares(
            source=self.database,
            changes=self.database,
            progress=progress or Progress(self.database.checkpoints),
            prepare_view=self.views.prepare,
            open_view=self.views.open,
            told=self.known.distrust,
            haste=haste,
        )

    def rebuilds(self) -> Rebuilds:
        """Return what rebuilds the views of the projections."""
        return Rebuilds(self.views, self.shares(), self.database)

    def parked(self) -> ParkedWork:
        """Return what tries parked events again."""
        projections = ParkedRetry(
            self.projections,
            source=self.database,
            open_view=self.views.open,
            open_projection=ProjectionScopes(self.container).open,
            codec=self.events,
        )
        reactions = ParkedReactions(self.parts.processes, self._reaction_ports(), source=self.database)
        return ParkedWork(projections, reactions)

    @property
    def _subscriptions(self) -> Sequence[str]:
        return [*(each.name for each in self._followed), *(each.name for each in self.parts.processes)]

    @property
    def _followed(self) -> Sequence[ViewClass]:
        return [*self.projections, *self.parts.materialized_views]

    def _keeper(self) -> VersionKeeper:
        seconds = self.parts.settings.keep_previous_hours * 3_600
        return VersionKeeper(self._followed, self.views, self.database, keep_seconds=seconds)

    def _due_commands(self, owner: str) -> DueCommands:
        pace = DuePace(at_once=self.parts.settings.due_at_once)
        return DueCommands(
            self.database.schedule, self.commands, self._execute_due, self.signal, owner=owner, pace=pace
        )

    async def _execute_due(self, command: object, metadata: Metadata, scheduled: ScheduledId) -> None:
        await self.dispatcher.execute_due(command, metadata, IdempotencyKey(str(scheduled)))

    def _reaction_ports(self) -> ReactionPorts:
        return ReactionPorts(
            store=self.database.store,
            schedule=self.database.schedule,
            states=self.database.process_states,
            parking=self.database.parking,
            prepare=lambda reactor, lease: self.database.prepare_view(_checkpoint(reactor), lease=lease),
            open_session=lambda reactor: self.database.open_view(_checkpoint(reactor)),
            open_reactor=ReactorScopes(self.container).open,
            events=self.events,
            commands=self.commands,
            signal=self.signal,
        )


def _checkpoint(reactor: type[Reactor]) -> View:
    return View(reactor.name, VERSION, {})
