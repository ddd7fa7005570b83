"""How an application's parts are wired: database, container, pipelines and projections."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Final

from dishka import Provider

from duolog.application.in_flight import InFlight
from duolog.application.settings import Settings
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.container.assembly import make_container
from duolog.container.databases import open_database
from duolog.container.providers import DuologProvider
from duolog.container.scopes import ProjectionScopes, handler_call
from duolog.container.secret import Secret
from duolog.database.port import View
from duolog.dispatch.middleware.authorisation import AuthorisationMiddleware, Authorizer
from duolog.dispatch.middleware.conflict_retry import ConflictRetryMiddleware
from duolog.dispatch.middleware.message_context import ContextMiddleware
from duolog.dispatch.middleware.time_limit import TimeLimitMiddleware
from duolog.dispatch.middleware.tracing import TracingMiddleware
from duolog.dispatch.middleware.validation import ValidationMiddleware
from duolog.dispatch.pipeline import Call, Middleware, Placed, arrange, build_pipeline
from duolog.dispatch.registry import HandlerRegistry
from duolog.errors import AfterTimeoutError
from duolog.messages.metadata import Metadata
from duolog.projections.projection import Projection
from duolog.projections.runtime import ProjectionRuntime
from duolog.read.middleware.after_position import AfterPositionMiddleware
from duolog.read.middleware.read_scope import ReadScopeMiddleware
from duolog.read.position_wait import PositionWait
from duolog.subscriptions.progress import Progress
from duolog.write.middleware.unit_of_work import UnitOfWorkMiddleware
from duolog.write.unit_of_work import UnitOfWork

_log: Final = logging.getLogger("duolog.application")


class Assembly:
    """The running parts of one application.

    Args:
        name: the application's name, in logs.
        database_url: finds the database's adapter.
        registry: the handlers.
        projections: the projection classes.
        providers: the application's dishka providers.
        events: event classes or modules that no projection handles.
        tables: DDL of the application's own tables.
        secret: its secret.
        authorizer: may refuse messages.
        middleware: the application's own.
        settings: time limits and numbers.

    Raises:
        ConfigurationError: the parts do not fit together.
    """

    def __init__(
        self,
        *,
        name: str,
        database_url: str,
        registry: HandlerRegistry,
        projections: Sequence[type[Projection]],
        providers: Sequence[Provider],
        events: Sequence[type | ModuleType],
        tables: Mapping[str, str],
        secret: Secret,
        authorizer: Authorizer | None,
        middleware: Sequence[Placed],
        settings: Settings,
    ) -> None:
        self.projections = tuple(projections)
        self._name = name
        self._registry = registry
        self._tables = tables
        self._settings = settings
        self.database = open_database(database_url)
        self.codec = EventCodec(EventTypes(events), Tagger(secret.value), max_bytes=settings.max_event_bytes)
        self.container = make_container(
            DuologProvider(self.database, self.codec, secret), tuple(registry), projections, providers
        )
        self.in_flight = InFlight()
        self.progress = Progress(self.database.checkpoints)
        wait = PositionWait(self.database.store, self.database.parking, self.progress)
        self.runtime = ProjectionRuntime(
            projections,
            source=self.database,
            prepare_view=lambda projection: self.database.prepare_view(_view(projection)),
            open_view=lambda projection: self.database.open_view(_view(projection)),
            open_projection=ProjectionScopes(self.container).open,
            codec=self.codec,
            progress=self.progress,
        )
        self._middleware = arrange(self._defaults(authorizer, wait), middleware)
        self.calls: dict[type, Call] = {}

    async def start(self, *, projections: bool) -> None:
        """Open the database, make tables and views, build the pipelines, and start the projections."""
        await self.database.open()
        try:
            await self.database.create_tables(self._tables)
            for binding in self._registry:
                invoke = handler_call(self.container, binding)
                self.calls[binding.message] = build_pipeline(binding, self._middleware, invoke)
            await (self.runtime.start() if projections else self.runtime.create_views())
        except BaseException:
            await self.database.close()
            raise
        self.in_flight.open()

    async def close(self) -> None:
        """Drain, stop the projections, and close the container and the database."""
        seconds = self._settings.drain_seconds
        cancelled = await self.in_flight.drain(seconds=seconds)
        if cancelled:
            _log.warning("%s: %d messages were cancelled after %g s of draining", self._name, cancelled, seconds)
        self.calls.clear()
        try:
            await self.runtime.stop(seconds=seconds)
        finally:
            await self.container.close()
            await self.database.close()

    async def caught_up(self, *, seconds: float) -> None:
        """Wait until every projection has the log's present end, parked events included.

        Raises:
            AfterTimeoutError: a projection did not get there in time.
        """
        head = await self.database.store.head()
        names = [projection.name for projection in self.projections]
        try:
            async with asyncio.timeout(seconds):
                for name in names:
                    await self.progress.reached(name, head)
        except TimeoutError:
            reached = {name: await self.progress.position(name) for name in names}
            raise AfterTimeoutError(position=head, reached=reached, seconds=seconds) from None

    def _defaults(self, authorizer: Authorizer | None, wait: PositionWait) -> Sequence[Middleware]:
        settings = self._settings
        return (
            ContextMiddleware(),
            TracingMiddleware(),
            ValidationMiddleware(),
            AuthorisationMiddleware(authorizer),
            AfterPositionMiddleware(wait),
            TimeLimitMiddleware(command_seconds=settings.command_seconds, query_seconds=settings.query_seconds),
            ConflictRetryMiddleware(attempts=settings.attempts),
            UnitOfWorkMiddleware(self._open_unit),
            ReadScopeMiddleware(lambda: self.database.open_reader(seconds=settings.query_seconds)),
        )

    def _open_unit(self, metadata: Metadata | None) -> UnitOfWork:
        return UnitOfWork(
            store=self.database.store, committer=self.database.committer, codec=self.codec, metadata=metadata
        )


def _view(projection: type[Projection]) -> View:
    return View(projection.name, projection.version, projection.tables)
