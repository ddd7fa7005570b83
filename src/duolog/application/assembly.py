"""How an application's parts are wired: database, container, pipelines and projections."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duolog.application.dispatcher import Route
from duolog.application.in_flight import InFlight
from duolog.application.parts import Parts
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.container.assembly import make_container
from duolog.container.databases import open_database
from duolog.container.providers import DuologProvider
from duolog.container.scopes import ProjectionScopes, handler_call
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
from duolog.errors import AfterTimeoutError, AnotherSecretError, NotStartedError
from duolog.messages.binding import ReadModel
from duolog.messages.metadata import Metadata
from duolog.projections.parked_retry import ParkedChoice, ParkedRetry, RetriedKey
from duolog.projections.projection import Projection
from duolog.projections.runtime import ProjectionRuntime
from duolog.projections.shares import ProjectionShares
from duolog.projections.view_database import ViewSession
from duolog.read.middleware.after_position import AfterPositionMiddleware
from duolog.read.middleware.read_scope import ReadScopeMiddleware
from duolog.read.position_token import PositionToken
from duolog.read.position_wait import PositionWait
from duolog.subscriptions.generations import Role
from duolog.subscriptions.meters import SubscriptionMeters
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import SubscriptionStatus
from duolog.telemetry import find_meter
from duolog.write.entity_states import EntityStates
from duolog.write.key_sweeper import KeySweeper
from duolog.write.middleware.idempotency import IdempotencyMiddleware
from duolog.write.middleware.unit_of_work import UnitOfWorkMiddleware
from duolog.write.publishing import check_published_category
from duolog.write.unit_of_work import UnitOfWork

_log: Final = logging.getLogger("duolog.application")


@dataclass(frozen=True, slots=True)
class _Running:
    """What needs the opened database.

    Attributes:
        runtime: runs the projections.
        progress: how far they are.
        wait: waits for positions.
        meters: measures the projections; None where nobody listens.
    """

    runtime: ProjectionRuntime
    progress: Progress
    wait: PositionWait
    meters: SubscriptionMeters | None


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
        projected = [cls for projection in parts.projections for cls in projection.handlers()]
        types = EventTypes((*parts.events, *projected))
        for spec in types:
            check_published_category(spec)
        self.codec = EventCodec(types, Tagger(parts.secret.value), max_bytes=settings.max_event_bytes)
        self._entity_states = EntityStates(hot_entries=settings.hot_entities)
        self.container = make_container(
            DuologProvider(self.database, self.codec, parts.secret, self._entity_states),
            tuple(parts.registry),
            parts.projections,
            parts.providers,
        )
        self.in_flight = InFlight()
        self._middleware = arrange(self._defaults(), parts.middleware)
        self._sweeper = KeySweeper(lambda: self.database.idempotency, hours=settings.idempotency_hours)
        self._running: _Running | None = None
        self._was_started = False
        self.routes: dict[type, Route] = {}

    async def start(self, *, projections: bool) -> None:
        """Build the pipelines, open the database, make tables and views, and start the projections.

        Raises:
            NotStartedError: it was started before.
            AnotherSecretError: the log was written with another secret.
            DuologError: as `Application.start`.
        """
        if self._was_started:
            message = f"application {self._parts.name!r} was started before"
            raise NotStartedError(message, hint="Make a new Application for every start.")
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
            running = self._running = self._run()
            await (running.runtime.start() if projections else running.runtime.create_views())
            if projections and running.meters is not None:
                running.meters.start()
        except BaseException:
            await shielded(self._disconnect())
            raise
        self._sweeper.start()
        self.routes.update(routes)
        self.in_flight.open()

    async def close(self) -> None:
        """Drain, stop the projections, and close the container and the database."""
        seconds = self._parts.settings.drain_seconds
        try:
            cancelled = await self.in_flight.drain(seconds=seconds)
            if cancelled:
                _log.warning(
                    "%s: %d messages were cancelled after %g s of draining", self._parts.name, cancelled, seconds
                )
        finally:
            self.routes.clear()
            await shielded(self._disconnect())

    def statuses(self) -> Sequence[SubscriptionStatus]:
        """Tell how each projection of this process is doing; nothing before the start."""
        return self._running.runtime.statuses() if self._running is not None else ()

    async def caught_up(self, *, seconds: float) -> None:
        """Wait until every projection has the log's present end, parked events included.

        Raises:
            AfterTimeoutError: a projection did not get there in time.
        """
        running = self._started()
        progress = running.progress
        head = await self.database.store.head()
        names = [projection.name for projection in self.projections]
        try:
            async with asyncio.timeout(seconds):
                for name in names:
                    await progress.reached(name, head)
        except TimeoutError:
            reached = {name: await progress.position(name) for name in names}
            raise AfterTimeoutError(position=head, reached=reached, seconds=seconds) from None
        if running.meters is not None:  # who waited for it looks at the gauges next
            await running.meters.refresh()

    async def retry_parked(self, choice: ParkedChoice) -> Sequence[RetriedKey]:
        """Apply parked events again; see `ParkedRetry.retry`."""
        return await self._parked_retry().retry(choice)

    async def skip_parked(self, choice: ParkedChoice, *, by: str) -> Sequence[RetriedKey]:
        """Leave a parked event out of a view; see `ParkedRetry.skip`."""
        return await self._parked_retry().skip(choice, by=by)

    def _parked_retry(self) -> ParkedRetry:
        self._started()
        return ParkedRetry(
            self.projections,
            source=self.database,
            open_view=self._open_view,
            open_projection=ProjectionScopes(self.container).open,
            codec=self.codec,
        )

    async def _check_secret(self) -> None:
        if await self.database.keep_secret_check(self._parts.secret.check) != self._parts.secret.check:
            message = f"the log {self.database.url} was written with another secret"
            hint = "Start with the secret that it was first started with: its personal tags are keyed by it."
            raise AnotherSecretError(message, hint=hint)

    def _run(self) -> "_Running":
        versions = {projection.name: projection.version for projection in self.projections}
        meter = find_meter()
        meters = SubscriptionMeters(meter, self.database, list(versions)) if meter is not None and versions else None
        keyed = [projection.name for projection in self.projections if projection.is_keyed()]
        moved = meters.moved if meters is not None else None
        progress = Progress(self.database.checkpoints, versions, moved, keyed=keyed)
        runtime = ProjectionRuntime(self.projections, self.shares(), source=self.database, progress=progress)
        wait = PositionWait(self.database.store, self.database.parking, progress)
        return _Running(runtime, progress, wait, meters)

    def shares(self) -> ProjectionShares:
        """Return what applies pages for shares of the projections."""
        return ProjectionShares(
            source=self.database,
            prepare_view=lambda projection, token: self.database.prepare_view(_view(projection), token=token),
            open_view=self._open_view,
            open_projection=ProjectionScopes(self.container).open,
            codec=self.codec,
        )

    def _started(self) -> "_Running":
        if self._running is None:
            message = f"application {self._parts.name!r} is not running"
            raise NotStartedError(message, hint="Use it inside `async with app:`.")
        return self._running

    async def _disconnect(self) -> None:
        running, self._running = self._running, None
        try:
            if running is not None:
                try:
                    await running.runtime.stop(seconds=self._parts.settings.drain_seconds)
                finally:
                    if running.meters is not None:
                        await running.meters.measure_last()
        finally:
            try:
                await self.container.close()
            finally:
                await self._sweeper.stop()
                await self.database.close()

    async def _wait(self, reads: Sequence[type[ReadModel]], after: int | PositionToken, seconds: float) -> None:
        await self._started().wait.until(reads, after, seconds)

    def _defaults(self) -> Sequence[Middleware]:
        settings = self._parts.settings
        return (
            ContextMiddleware(),
            TracingMiddleware(),
            MetricsMiddleware(),
            ValidationMiddleware(),
            AuthorisationMiddleware(self._parts.authorizer),
            AfterPositionMiddleware(self._wait),
            TimeLimitMiddleware(command_seconds=settings.command_seconds, query_seconds=settings.query_seconds),
            IdempotencyMiddleware(lambda: self.database.idempotency, self._parts.secret.value),
            ConflictRetryMiddleware(attempts=settings.attempts),
            UnitOfWorkMiddleware(self._open_unit),
            ReadScopeMiddleware(lambda: self.database.open_reader(seconds=settings.query_seconds)),
        )

    def _open_view(self, projection: type[Projection], share: Share, role: Role) -> ViewSession:
        return self.database.open_view(_view(projection), share, role)

    def _open_unit(self, metadata: Metadata | None) -> UnitOfWork:
        return UnitOfWork(
            store=self.database.store,
            committer=self.database.committer,
            codec=self.codec,
            metadata=metadata,
            keys=self.database.idempotency,
            entity_states=self._entity_states,
        )


def _view(projection: type[Projection]) -> View:
    return View(projection.name, projection.version, projection.tables, projection.partitions)
