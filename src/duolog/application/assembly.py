"""How an application's parts are wired: database, container, pipelines and projections."""

import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import chain
from typing import Final

from duolog.application.background_work import SCHEDULED_COMMANDS, check_choice
from duolog.application.declared_views import DeclaredViews
from duolog.application.dispatcher import Dispatcher, Route
from duolog.application.followers import Followers
from duolog.application.in_flight import InFlight
from duolog.application.parked_work import ParkedWork
from duolog.application.parts import Parts
from duolog.application.read_side import ReadSide
from duolog.application.running import Running
from duolog.codec.command_codec import CommandCodec
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.container.assembly import make_container
from duolog.container.databases import open_database
from duolog.container.providers import DuologProvider
from duolog.container.scheduling_provider import SchedulingProvider
from duolog.container.scopes import ProjectionScopes, handler_call
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
from duolog.projections.inline_building import InlineBuilding
from duolog.projections.inline_views import InlineViews
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase
from duolog.read.position_token import PositionToken
from duolog.scheduling.due_signal import DueSignal
from duolog.subscriptions.status import SubscriptionStatus
from duolog.write.entity_states import EntityStates
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
        settings = parts.settings
        self.database = open_database(parts.database_url)
        self._views = DeclaredViews(self.database)
        followed = [*(each.handlers() for each in parts.projections), *(each.handlers() for each in parts.processes)]
        types = EventTypes((*parts.events, *chain.from_iterable(followed)))
        for spec in types:
            check_published_category(spec)
        self.codec = EventCodec(types, Tagger(parts.secret.value), max_bytes=settings.max_event_bytes)
        named = [binding.message for binding in parts.registry if is_named_command(binding.message)]
        commands = CommandCodec(named, max_bytes=settings.max_event_bytes)
        signal = DueSignal()
        self._entity_states = EntityStates(hot_entries=settings.hot_entities)
        inline = [each for each in parts.projections if each.inline]
        self._inline = InlineViews(inline, self.codec, self._open_projection)
        self.container = make_container(
            DuologProvider(self.database, self.codec, parts.secret, self._entity_states, self._inline),
            tuple(parts.registry),
            parts.projections,
            (SchedulingProvider(commands, signal, parts.processes), *parts.providers),
        )
        self.in_flight = InFlight()
        self.reading = ReadSide(parts, self.database, self._wait)
        self._middleware = arrange(self._defaults(), parts.middleware)
        self._sweeper = KeySweeper(lambda: self.database.idempotency, hours=settings.idempotency_hours)
        self._running: Running | None = None
        self._was_started = False
        self.routes: dict[type, Route] = {}
        self.dispatcher = Dispatcher(parts.name, parts.registry, self.routes, self.in_flight)
        self.followers = Followers(
            parts=parts,
            database=self.database,
            views=self._views,
            container=self.container,
            events=self.codec,
            commands=commands,
            signal=signal,
            dispatcher=self.dispatcher,
            known=self.reading.known,
        )

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
        work = self.followers.names if only is None else only
        check_choice(work, self.followers.names)
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
            running = self._running = self.followers.run(work)
            if projections:
                await running.keeper.start()
            for runtime in (running.runtime, running.processes):
                await (runtime.start() if projections else runtime.create())
            if projections and running.meters is not None:
                running.meters.start()
            await self.reading.open()
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

    def parked(self) -> ParkedWork:
        """Return what tries parked events again, while the application runs."""
        self.started()
        return self.followers.parked()

    async def _check_secret(self) -> None:
        if await self.database.keep_secret_check(self._parts.secret.check) != self._parts.secret.check:
            message = f"the log {self.database.url} was written with another secret"
            hint = "Start with the secret that it was first started with: its personal tags are keyed by it."
            raise AnotherSecretError(message, hint=hint)

    def _open_projection(
        self, projection: type[Projection], db: ViewDatabase
    ) -> AbstractAsyncContextManager[Projection]:
        return ProjectionScopes(self.container).open(projection, db)

    def inline_building(self) -> InlineBuilding:
        """Return what builds the views of inline projections."""
        return InlineBuilding(self._inline, self._views, self.database)

    def started(self) -> Running:
        """Return what needs the opened database.

        Raises:
            NotStartedError: the application is not running.
        """
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
        # What a view that is read has parked, a materialized view lacks too.
        behind = [source for each in reads if issubclass(each, MaterializedView) for source in each.sources()]
        waits = [each for each in dict.fromkeys((*behind, *reads)) if each.name not in inline]
        await self.started().wait.until(waits, after, seconds)

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
