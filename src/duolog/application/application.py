"""The Application: handlers, projections, providers and a database, put together and run."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType, ModuleType, TracebackType
from typing import Any, Self

from dishka import AsyncContainer, Provider

from duolog.application.assembly import Assembly
from duolog.application.background_work import is_done_here
from duolog.application.declared import check_declared
from duolog.application.message_sender import MessageSender
from duolog.application.parts import Parts
from duolog.application.registering import make_registry
from duolog.application.settings import Settings
from duolog.codec.event_codec import EventCodec
from duolog.container.secret import Secret
from duolog.database.port import Database
from duolog.database.replicas import Replicas
from duolog.dispatch.middleware.authorisation import Authorizer
from duolog.dispatch.pipeline import Placed
from duolog.messages.binding import Binding
from duolog.process_managers.process_manager import Reactor
from duolog.projections.inline_building import InlineBuilding
from duolog.projections.materialized_view import MaterializedView, ViewClass, in_order_of_reading
from duolog.projections.projection import Projection
from duolog.projections.rebuild import Rebuilds
from duolog.projections.shares import ProjectionShares
from duolog.projections.view_refresher import ViewRefresher
from duolog.read.caching.figures import CacheFigures
from duolog.read.caching.level import Caching
from duolog.subscriptions.parked_choice import ParkedChoice, RetriedKey
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import SubscriptionStatus


class Application(MessageSender):
    """One CQRS application: sends commands and queries to their handlers, and keeps its projections running.

    ```python
    app = Application(
        "users",
        database="sqlite:///users.db",
        handlers=[CreateUserCommand.handled_by(CreateUserInteractor),
                  ListUsersQuery.handled_by(ListUsersQueryService, reads=[UserProjection])],
        projections=[UserProjection],
        providers=[UsersProvider()],
    )
    async with app:
        user_id = await app.execute(CreateUserCommand("a@example.com", "secret"))
    ```

    Args:
        name: its name, in logs.
        database: URL of its database; the scheme finds the adapter (``sqlite:///file.db``, ``memory://``).
        handlers: bindings made by ``handled_by``, ``bind_command`` and ``bind_query``.
        projections: the projections that run in this process.
        materialized_views: the materialized views, which are refreshed where the projections run.
        processes: the reactors and process managers, which run there too.
        providers: dishka providers for what handlers, gateways and projections take.
        events: event classes, or modules of them, that no projection handles.
        tables: by name, the DDL of ordinary tables that repositories own; created where missing.
        secret: 16 bytes or more that sign cursors and key hashes; else the environment's ``DUOLOG_SECRET``.
        authorizer: may refuse a message before its handler is built.
        middleware: the application's own, placed by ``before(name, m)`` and ``after(name, m)``.
        settings: time limits and numbers.
        caching: where the answers of ``@cached`` query services are kept; by default in memory.
        replicas: URLs of streaming replicas of a PostgreSQL database, each of one server, which answer queries.

    Raises:
        ConfigurationError: a handler is doubled or a misfit, a stored type has no name, a middleware has no place,
            there are replicas of a database that has none, a class is of another kind than its argument is for.
    """

    def __init__(
        self,
        name: str,
        *,
        database: str,
        handlers: Sequence[Binding[Any, Any]],
        projections: Sequence[type[Projection]] = (),
        materialized_views: Sequence[type[MaterializedView]] = (),
        processes: Sequence[type[Reactor]] = (),
        providers: Sequence[Provider] = (),
        events: Sequence[type | ModuleType] = (),
        tables: Mapping[str, str] = MappingProxyType({}),
        secret: str | bytes | None = None,
        authorizer: Authorizer | None = None,
        middleware: Sequence[Placed] = (),
        settings: Settings | None = None,
        caching: Caching | None = None,
        replicas: Sequence[str] = (),
    ) -> None:
        check_declared(name, projections, materialized_views, processes, tables)
        self.name = name
        self.settings = settings or Settings()
        registry = make_registry(handlers, processes)
        self.bindings: Mapping[type, Binding[Any, Any]] = {binding.message: binding for binding in handlers}
        self._parts = Parts(
            name,
            database,
            registry,
            tuple(projections),
            in_order_of_reading(tuple(materialized_views)),
            tuple(processes),
            tuple(providers),
            tuple(events),
            tables,
            Secret.find(secret),
            authorizer,
            tuple(middleware),
            self.settings,
            caching or Caching(),
            tuple(replicas),
        )
        self._assembly = Assembly(self._parts)
        super().__init__(
            self._assembly.dispatcher,
            self._assembly.reading.live,
            log_id=lambda: self.database.store.log_id,
            after_seconds=self.settings.after_seconds,
        )

    # --- life cycle ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        """Start it, with its projections."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def start(self, *, projections: bool | None = None, only: Collection[str] | None = None) -> None:
        """Open the database, bring its schema and tables up to date, and start the background work.

        Args:
            projections: do the background work in this process: projections, processes and scheduled commands;
                without, another process must. None: unless ``DUOLOG_PROJECTIONS`` is ``off``.
            only: if it does, then only on these of `background_work`.

        Raises:
            ConfigurationError: ``only`` names what is not there, or the environment variable is neither on nor off.
            NotStartedError: it was started before; every start needs a new Application.
            AnotherSecretError: the log was written with another secret.
            DatabaseError: the database cannot be opened.
            SchemaError: the database belongs to a newer release.
            StatementError: the DDL of a table is wrong.
            NotAReplicaError: what is named as a replica is none of this database.
            ViewNotEmptyError: a projection that never ran here would begin with rows.
            InlineViewNotBuiltError: an inline projection's view does not show what the log has already.
        """
        await self._assembly.start(projections=is_done_here() if projections is None else projections, only=only)

    async def close(self) -> None:
        """Let no message in any more, wait for those under way (bounded), stop the projections, and disconnect."""
        await self._assembly.close()

    # --- what is inside --------------------------------------------------------------------------------------

    @property
    def container(self) -> AsyncContainer:
        """The dishka container, for ``setup_dishka(app.container, api)``."""
        return self._assembly.container

    @property
    def database(self) -> Database:
        """The database."""
        return self._assembly.database

    @property
    def codec(self) -> EventCodec:
        """The codec of the application's events."""
        return self._assembly.codec

    @property
    def secret(self) -> bytes:
        """The secret; keep it out of logs."""
        return self._parts.secret.value

    @property
    def projections(self) -> tuple[type[Projection], ...]:
        """The projection classes."""
        return self._parts.projections

    @property
    def views(self) -> tuple[ViewClass, ...]:
        """The classes that declare views: projections, then materialized views."""
        return self._parts.views

    @property
    def materialized_views(self) -> tuple[type[MaterializedView], ...]:
        """The classes of materialized views, each behind those that it reads."""
        return self._parts.materialized_views

    @property
    def processes(self) -> tuple[type[Reactor], ...]:
        """The classes of reactors and process managers."""
        return self._parts.processes

    @property
    def background_work(self) -> Sequence[str]:
        """Names of what it does beside answering: projections, processes, and ``scheduled-commands`` if it has some."""
        return self._assembly.followers.names

    def projection_shares(self) -> ProjectionShares:
        """Return what applies the log to shares of its projections, for whoever holds their leases."""
        return self._assembly.followers.shares()

    def inline_building(self) -> InlineBuilding:
        """Return what builds the views of its inline projections; the database is to be open."""
        return self._assembly.inline_building()

    def view_refresher(self, view: type[MaterializedView], share: Share) -> ViewRefresher:
        """Return what refreshes a share of a materialized view, for whoever has its lease."""
        return self._assembly.followers.materialized().refresher(view, share)

    def rebuilds(self) -> Rebuilds:
        """Return what rebuilds the views of its projections, while it runs here or elsewhere."""
        return self._assembly.followers.rebuilds()

    def projection_statuses(self) -> Sequence[SubscriptionStatus]:
        """Tell how each projection of this process is doing."""
        return self._assembly.statuses()

    @property
    def replicas(self) -> Replicas | None:
        """Its database's replicas, and how they are doing; None without."""
        return self._assembly.reading.replicas

    async def end_watching(self) -> None:
        """Let all live queries end, and no more begin; for a server that is about to stop."""
        await self._assembly.reading.feed.close()

    @property
    def watched(self) -> int:
        """How many live queries are being watched in this process."""
        return self._assembly.reading.feed.count

    def cache_figures(self) -> Mapping[str, CacheFigures]:
        """Tell how well the caches of this process do since it started, by query."""
        return self._assembly.reading.cache_figures()

    async def caught_up(self, *, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - part of the answer
        """Wait until all followers have the log's end, and no scheduled command is due; for tests and scripts.

        Args:
            timeout: how long to wait, in seconds.

        Raises:
            AfterTimeoutError: a projection did not get there in time.
        """
        await self._assembly.started().caught_up(self.database.store, seconds=timeout)
        await self._assembly.reading.require_now()  # whoever waited for it asks for what is there now

    async def retry_parked(self, choice: ParkedChoice) -> Sequence[RetriedKey]:
        """Apply chosen parked events of its projections and processes again, a key in order and in one transaction.

        Returns:
            What came of each key.

        Raises:
            ConfigurationError: there is no such projection, or its view is of another version.
            LeaseLostError: somebody else took the projection over meanwhile; the keys before are done.
            DatabaseError: the database failed; the keys before are done.
        """
        return await self._assembly.parked().retry(choice)

    async def skip_parked(self, choice: ParkedChoice, *, by: str) -> Sequence[RetriedKey]:
        """Leave the first parked event of one key out of its view for good, and apply those that wait behind it.

        Args:
            choice: the key, and the projection and tenant if several have parked it.
            by: who does it; it is written to the log file.

        Returns:
            What came of the key; nothing if nothing of it is parked.

        Raises:
            ConfigurationError: no key is chosen, or events of several tenants or projections; and as `retry_parked`.
            LeaseLostError: somebody else took the projection over meanwhile; nothing was changed.
            DatabaseError: the database failed; nothing was changed.
        """
        return await self._assembly.parked().skip(choice, by=by)
