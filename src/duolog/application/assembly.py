"""How an application's parts are wired: database, container, pipelines and projections."""

import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import chain
from typing import Final

from duolog.application.background_work import SCHEDULED_COMMANDS, check_choice
from duolog.application.declared_views import DeclaredViews
from duolog.application.dispatcher import Dispatcher, Route
from duolog.application.in_flight import InFlight
from duolog.application.parked_work import ParkedWork
from duolog.application.parts import Parts
from duolog.application.read_side import ReadSide
from duolog.application.running import Running
from duolog.application.view_news import ViewNews
from duolog.codec.command_codec import CommandCodec
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.container.assembly import make_container
from duolog.container.databases import open_database
from duolog.container.providers import DuologProvider
from duolog.container.scheduling_provider import SchedulingProvider
from duolog.container.scopes import ProjectionScopes, ReactorScopes, handler_call
from duolog.database.port import View
from duolog.dispatch.middleware.authorisation import AuthorisationMiddleware
from duolog.dispatch.middleware.conflict_retry import ConflictRetryMiddleware
from duolog.dispatch.middleware.message_context import ContextMiddleware
from duolog.dispatch.middleware.metrics import MetricsMiddleware
from duolog.dispatch.middleware.time_limit import TimeLimitMiddleware
from duolog.dispatch.middleware.tracing import TracingMiddleware
from duolog.dispatch.middleware.validation import ValidationMiddleware
from duolog.dispatch.pipeline import Middleware, arrange, build_pipeline
from duolog.dispatch.shield import shielded
from duolog.errors import AnotherSecretError, NotStartedError
from duolog.messages.binding import ReadModel
from duolog.messages.command import is_named_command
from duolog.messages.metadata import Metadata
from duolog.process_managers.page_processor import ReactionPorts
from duolog.process_managers.parked_retry import ParkedReactions
from duolog.process_managers.process_manager import Reactor
from duolog.process_managers.runtime import VERSION, ReactorRuntime
from duolog.projections.inline_building import InlineBuilding
from duolog.projections.inline_views import InlineViews
from duolog.projections.parked_retry import ParkedRetry
from duolog.projections.projection import Projection
from duolog.projections.rebuild import Rebuilds
from duolog.projections.runtime import ProjectionRuntime
from duolog.projections.shares import ProjectionShares
from duolog.projections.version_keeper import VersionKeeper
from duolog.projections.view_database import ViewDatabase
from duolog.read.position_token import PositionToken
from duolog.read.position_wait import PositionWait
from duolog.scheduling.due_commands import DueCommands, DuePace
from duolog.scheduling.due_signal import DueSignal
from duolog.scheduling.scheduled_command import ScheduledId
from duolog.subscriptions.meters import SubscriptionMeters
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.status import SubscriptionStatus
from duolog.telemetry import find_meter
from duolog.write.entity_states import EntityStates
from duolog.write.idempotency import IdempotencyKey
from duolog.write.key_sweeper import KeySweeper
from duolog.write.middleware.idempotency import IdempotencyMiddleware
from duolog.write.middleware.unit_of_work import UnitOfWorkMiddleware
from duolog.write.publishing import check_published_category
from duolog.write.unit_of_work import UnitOfWork

_log: Final = logging.getLogger("duolog.application")


class Assembly:
    """The running parts of one application.

    Args:
        parts: what it is put together from.

    Raises:
        ConfigurationError: the parts do not fit together.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.projections = parts.projections
        settings = parts.settings
        self.database = open_database(parts.database_url)
        self.views = DeclaredViews(self.database)
        self.processes = parts.processes
        followed = [*(each.handlers() for each in parts.projections), *(each.handlers() for each in parts.processes)]
        types = EventTypes((*parts.events, *chain.from_iterable(followed)))
        for spec in types:
            check_published_category(spec)
        self.codec = EventCodec(types, Tagger(parts.secret.value), max_bytes=settings.max_event_bytes)
        named = [binding.message for binding in parts.registry if is_named_command(binding.message)]
        self._commands = CommandCodec(named, max_bytes=settings.max_event_bytes)
        self._signal = DueSignal()
        self._entity_states = EntityStates(hot_entries=settings.hot_entities)
        inline = [each for each in parts.projections if each.inline]
        self._followers = tuple(each for each in parts.projections if not each.inline)
        self._inline = InlineViews(inline, self.codec, self._open_projection)
        self.container = make_container(
            DuologProvider(self.database, self.codec, parts.secret, self._entity_states, self._inline),
            tuple(parts.registry),
            parts.projections,
            (SchedulingProvider(self._commands, self._signal, parts.processes), *parts.providers),
        )
        self.in_flight = InFlight()
        self.reading = ReadSide(parts, self.database, self._wait)
        self._middleware = arrange(self._defaults(), parts.middleware)
        self._sweeper = KeySweeper(lambda: self.database.idempotency, hours=settings.idempotency_hours)
        self._running: Running | None = None
        self._was_started = False
        self.routes: dict[type, Route] = {}
        self.dispatcher = Dispatcher(parts.name, parts.registry, self.routes, self.in_flight)

    @property
    def background_work(self) -> Sequence[str]:
        """The names of the projections and processes, and what stands for scheduled commands."""
        scheduled = [SCHEDULED_COMMANDS] if self._commands.known else []
        projections, processes = (each.name for each in self._followers), (each.name for each in self.processes)
        return [*projections, *processes, *scheduled]

    async def start(self, *, projections: bool, only: Collection[str] | None = None) -> None:
        """Build the pipelines, open the database, make tables and views, and start the background work.

        Raises:
            ConfigurationError: ``only`` names what is not there.
            NotStartedError: it was started before.
            AnotherSecretError: the log was written with another secret.
            DuologError: as `Application.start`.
        """
        if self._was_started:
            message = f"application {self._parts.name!r} was started before"
            raise NotStartedError(message, hint="Make a new Application for every start.")
        work = self.background_work if only is None else only
        check_choice(work, self.background_work)
        self._was_started = True
        routes = {
            each.message: Route.of(each, build_pipeline(each, self._middleware, handler_call(self.container, each)))
            for each in self._parts.registry
        }
        await self.database.open()
        self._entity_states.snapshots = self.database.snapshots
        try:
            await self._check_secret()
            await self.database.create_tables(self._parts.tables)
            await self.inline_building().check()
            running = self._running = self._run(work)
            if projections:
                await running.keeper.start()
            for runtime in (running.runtime, running.processes):
                await (runtime.start() if projections else runtime.create())
            if projections and running.meters is not None:
                running.meters.start()
        except BaseException:
            await shielded(self._disconnect())
            raise
        self._sweeper.start()
        self.routes.update(routes)
        self.in_flight.open()
        if projections and SCHEDULED_COMMANDS in work:
            running.due.start()

    async def close(self) -> None:
        """Drain, stop the projections, and close the container and the database."""
        seconds = self._parts.settings.drain_seconds
        await self.reading.feed.close()
        try:
            if self._running is not None:
                await self._running.due.stop(seconds=seconds)
            cancelled = await self.in_flight.drain(seconds=seconds)
            if cancelled:
                _log.warning(
                    "%s: %d messages were cancelled after %g s of draining", self._parts.name, cancelled, seconds
                )
        finally:
            self.routes.clear()
            await shielded(self._disconnect())

    def statuses(self) -> Sequence[SubscriptionStatus]:
        """Tell how each projection and process is doing here; nothing before the start."""
        running = self._running
        return (*running.runtime.statuses(), *running.processes.statuses()) if running is not None else ()

    async def caught_up(self, *, seconds: float) -> None:
        """Wait until nothing is left to do; see `Running.caught_up`."""
        await self._started().caught_up(self.database.store, seconds=seconds)
        self.reading.known.distrust_all()  # whoever waited for it asks for what is there now

    def parked(self) -> ParkedWork:
        """Return what tries parked events again."""
        self._started()
        projections = ParkedRetry(
            self._followers,
            source=self.database,
            open_view=self.views.open,
            open_projection=self._open_projection,
            codec=self.codec,
        )
        return ParkedWork(projections, ParkedReactions(self.processes, self._reaction_ports(), source=self.database))

    async def _check_secret(self) -> None:
        if await self.database.keep_secret_check(self._parts.secret.check) != self._parts.secret.check:
            message = f"the log {self.database.url} was written with another secret"
            hint = "Start with the secret that it was first started with: its personal tags are keyed by it."
            raise AnotherSecretError(message, hint=hint)

    def _open_projection(
        self, projection: type[Projection], db: ViewDatabase
    ) -> AbstractAsyncContextManager[Projection]:
        return ProjectionScopes(self.container).open(projection, db)

    def _run(self, work: Collection[str]) -> Running:
        meter = find_meter()
        names = [*(projection.name for projection in self._followers), *(process.name for process in self.processes)]
        meters = SubscriptionMeters(meter, self.database, names) if meter is not None and names else None
        keyed = [projection.name for projection in self._followers if projection.is_keyed()]
        progress = Progress(self.database.checkpoints, ViewNews(self.reading.known, meters), keyed=keyed)
        source = self.database
        runtime = ProjectionRuntime(self._followers, self.shares(), source=source, progress=progress, only=work)
        keep_seconds = self._parts.settings.keep_previous_hours * 3_600
        keeper = VersionKeeper(self._followers, self.views, self.database, keep_seconds=keep_seconds)
        wait = PositionWait(self.database.store, self.database.parking, progress)
        pace, schedule = DuePace(at_once=self._parts.settings.due_at_once), self.database.schedule
        due = DueCommands(schedule, self._commands, self._execute_due, self._signal, owner=runtime.owner, pace=pace)
        return Running(runtime, keeper, self._react(progress, work), progress, wait, meters, due)

    def shares(self) -> ProjectionShares:
        """Return what applies pages for shares of the projections."""
        return ProjectionShares(
            source=self.database,
            prepare_view=self.views.prepare,
            open_view=self.views.open,
            open_projection=self._open_projection,
            codec=self.codec,
        )

    def inline_building(self) -> InlineBuilding:
        """Return what builds the views of inline projections."""
        return InlineBuilding(self._inline, self.views, self.database)

    def rebuilds(self) -> Rebuilds:
        """Return what rebuilds the views of the projections."""
        return Rebuilds(self.views, self.shares(), self.database)

    def _react(self, progress: Progress, work: Collection[str]) -> ReactorRuntime:
        ports = self._reaction_ports()
        return ReactorRuntime(self.processes, ports, source=self.database, progress=progress, only=work)

    def _reaction_ports(self) -> ReactionPorts:
        return ReactionPorts(
            store=self.database.store,
            schedule=self.database.schedule,
            states=self.database.process_states,
            parking=self.database.parking,
            prepare=lambda reactor, token: self.database.prepare_view(_checkpoint(reactor), token=token),
            open_session=lambda reactor: self.database.open_view(_checkpoint(reactor)),
            open_reactor=ReactorScopes(self.container).open,
            events=self.codec,
            commands=self._commands,
            signal=self._signal,
        )

    async def _execute_due(self, command: object, metadata: Metadata, scheduled: ScheduledId) -> None:
        await self.dispatcher.execute_due(command, metadata, IdempotencyKey(str(scheduled)))

    def _started(self) -> Running:
        if self._running is None:
            message = f"application {self._parts.name!r} is not running"
            raise NotStartedError(message, hint="Use it inside `async with app:`.")
        return self._running

    async def _disconnect(self) -> None:
        running, self._running = self._running, None
        try:
            if running is not None:
                try:
                    await running.keeper.stop()
                    for runtime in (running.processes, running.runtime):
                        await runtime.stop(seconds=self._parts.settings.drain_seconds)
                finally:
                    if running.meters is not None:
                        await running.meters.measure_last()
        finally:
            try:
                await self.container.close()
            finally:
                await self._sweeper.stop()
                await self.reading.close()
                await self.database.close()

    async def _wait(self, reads: Sequence[type[ReadModel]], after: int | PositionToken, seconds: float) -> None:
        inline = {each.name for each in self._inline.projections}  # which never lag
        await self._started().wait.until([each for each in reads if each.name not in inline], after, seconds)

    def _defaults(self) -> Sequence[Middleware]:
        settings = self._parts.settings
        return (
            ContextMiddleware(),
            TracingMiddleware(),
            MetricsMiddleware(),
            ValidationMiddleware(),
            AuthorisationMiddleware(self._parts.authorizer),
            self.reading.after_position,
            TimeLimitMiddleware(command_seconds=settings.command_seconds, query_seconds=settings.query_seconds),
            IdempotencyMiddleware(lambda: self.database.idempotency, self._parts.secret.value),
            ConflictRetryMiddleware(attempts=settings.attempts),
            UnitOfWorkMiddleware(self._open_unit),
            *self.reading.innermost,
        )

    def _open_unit(self, metadata: Metadata | None) -> UnitOfWork:
        return UnitOfWork(
            store=self.database.store,
            committer=self.database.committer,
            codec=self.codec,
            metadata=metadata,
            keys=self.database.idempotency,
            entity_states=self._entity_states,
            inline=self._inline,
        )


def _checkpoint(reactor: type[Reactor]) -> View:
    return View(reactor.name, VERSION, {})
