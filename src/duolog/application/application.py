"""The Application: handlers, projections, providers and a database, put together and run."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType, ModuleType, TracebackType
from typing import Any, Self, TypeVar, cast

from dishka import AsyncContainer, Provider

from duolog.application.assembly import Assembly
from duolog.application.dispatcher import Dispatcher
from duolog.application.receipt import Receipt, make_receipt
from duolog.application.settings import Settings
from duolog.codec.event_codec import EventCodec
from duolog.container.secret import Secret
from duolog.database.port import Database
from duolog.dispatch.middleware.authorisation import Authorizer
from duolog.dispatch.pipeline import Placed
from duolog.dispatch.registry import HandlerRegistry
from duolog.messages.binding import Binding, M, R
from duolog.messages.command import Command
from duolog.messages.metadata import Metadata
from duolog.messages.query import Query, StreamQuery
from duolog.projections.parked_retry import ParkedChoice, RetriedKey
from duolog.projections.projection import Projection
from duolog.read.middleware.after_position import AfterPosition
from duolog.read.position_token import PositionToken
from duolog.subscriptions.status import SubscriptionStatus
from duolog.write.idempotency import GivenKey, key_of

Item = TypeVar("Item")


class Application:
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
        providers: dishka providers for what handlers, gateways and projections take.
        events: event classes, or modules of them, that no projection handles.
        tables: by name, the DDL of ordinary tables that repositories own; created where missing.
        secret: 16 bytes or more that sign cursors and key hashes; else the environment's ``DUOLOG_SECRET``.
        authorizer: may refuse a message before its handler is built.
        middleware: the application's own, placed by ``before(name, m)`` and ``after(name, m)``.
        settings: time limits and numbers.

    Raises:
        ConfigurationError: a handler is doubled or a misfit, a stored type has no name, a middleware has no place.
    """

    def __init__(
        self,
        name: str,
        *,
        database: str,
        handlers: Sequence[Binding[Any, Any]],
        projections: Sequence[type[Projection]] = (),
        providers: Sequence[Provider] = (),
        events: Sequence[type | ModuleType] = (),
        tables: Mapping[str, str] = MappingProxyType({}),
        secret: str | bytes | None = None,
        authorizer: Authorizer | None = None,
        middleware: Sequence[Placed] = (),
        settings: Settings | None = None,
    ) -> None:
        self.name = name
        self.settings = settings or Settings()
        self._secret = Secret.find(secret)
        registry = HandlerRegistry(handlers)
        self.bindings: Mapping[type, Binding[Any, Any]] = {binding.message: binding for binding in registry}
        self._assembly = Assembly(
            name=name,
            database_url=database,
            registry=registry,
            projections=projections,
            providers=providers,
            events=events,
            tables=tables,
            secret=self._secret,
            authorizer=authorizer,
            middleware=middleware,
            settings=self.settings,
        )
        self._dispatcher = Dispatcher(name, registry, self._assembly.routes, self._assembly.in_flight)

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

    async def start(self, *, projections: bool = True) -> None:
        """Open the database, bring its schema and tables up to date, and start the projections.

        Args:
            projections: run the projections in this process; without, another process must.

        Raises:
            NotStartedError: it was started before; every start needs a new Application.
            DatabaseError: the database cannot be opened.
            SchemaError: the database belongs to a newer release.
            StatementError: the DDL of a table is wrong.
            ViewNotEmptyError: a projection that never ran here would begin with rows.
        """
        await self._assembly.start(projections=projections)

    async def close(self) -> None:
        """Let no message in any more, wait for those under way (bounded), stop the projections, and disconnect."""
        await self._assembly.close()

    # --- commands --------------------------------------------------------------------------------------------

    async def execute(
        self, command: Command[R], *, metadata: Metadata | None = None, idempotency_key: GivenKey = None
    ) -> R:
        """Execute a command.

        Args:
            command: the command.
            metadata: who sends it and why; None inherits from the message that is being handled here.
            idempotency_key: with one, the command takes effect once however often it is sent: after the first time its
                stored result is returned. 1 to 255 visible ASCII characters; each actor has keys of its own.

        Returns:
            What its interactor returned, once its changes are durable.

        Raises:
            MissingHandlerError: it has no handler.
            InvalidMessageError: its fields do not have their declared types, or the key is not of its form.
            IdempotencyKeyReusedError: the key was used for another command.
            IdempotencyInFlightError: the command with this key is being executed right now.
            ConflictError: it met conflicts as often as ``settings.attempts`` says.
            TimeLimitExceededError: it took too long, and was rolled back.
            Exception: what the interactor raised; everything is rolled back.
        """
        result, _ = await self._dispatcher.execute(command, metadata, key_of(idempotency_key))
        return cast("R", result)

    async def execute_with_receipt(
        self, command: Command[R], *, metadata: Metadata | None = None, idempotency_key: GivenKey = None
    ) -> Receipt[R]:
        """Execute a command, and return positions and versions beside its result; otherwise like `execute`."""
        result, context = await self._dispatcher.execute(command, metadata, key_of(idempotency_key))
        return make_receipt(cast("R", result), context, self.database.store.log_id)

    async def execute_bound(
        self,
        binding: Binding[M, R],
        command: M,
        *,
        metadata: Metadata | None = None,
        idempotency_key: GivenKey = None,
    ) -> R:
        """Execute a command that is a plain dataclass, by the binding that ``bind_command`` made."""
        result, _ = await self._dispatcher.run_bound(binding, command, metadata, key_of(idempotency_key))
        return cast("R", result)

    async def execute_bound_with_receipt(
        self,
        binding: Binding[M, R],
        command: M,
        *,
        metadata: Metadata | None = None,
        idempotency_key: GivenKey = None,
    ) -> Receipt[R]:
        """Execute a plain dataclass by its binding, and return positions and versions beside its result."""
        result, context = await self._dispatcher.run_bound(binding, command, metadata, key_of(idempotency_key))
        return make_receipt(cast("R", result), context, self.database.store.log_id)

    # --- queries ---------------------------------------------------------------------------------------------

    async def query(
        self,
        query: Query[R],
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> R:
        """Answer a query.

        Args:
            query: the query.
            after: wait until the views that it reads have this position (of a receipt, or its token).
            timeout: how long to wait, in seconds; None takes ``settings.after_seconds``.
            metadata: who asks; None inherits from the message that is being handled here.

        Returns:
            What its query service returned.

        Raises:
            AfterTimeoutError: the views did not reach the position in time.
            PositionAheadOfLogError: the log has no such position yet.
            ViewParkedError: a view has parked what the position wrote.
            ForeignTokenError: the token was made by another log.
            MissingHandlerError: it has no handler.
            InvalidMessageError: its fields do not have their declared types.
            TimeLimitExceededError: it took too long.
        """
        result, _ = await self._dispatcher.query(query, metadata, self._after(after, timeout))
        return cast("R", result)

    async def query_bound(
        self,
        binding: Binding[M, R],
        query: M,
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> R:
        """Answer a query that is a plain dataclass, by the binding that ``bind_query`` made; like `query`."""
        result, _ = await self._dispatcher.run_bound(binding, query, metadata, self._after(after, timeout))
        return cast("R", result)

    async def stream(
        self,
        query: StreamQuery[Item],
        *,
        after: int | PositionToken | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the limit of the wait for a position, part of the answer
        metadata: Metadata | None = None,
    ) -> AsyncGenerator[Item, None]:
        """Answer a stream query item by item; its read scope stays open until the iterator is closed.

        Leave the loop early only with ``contextlib.aclosing`` around the iterator, so that the scope closes at once.
        Arguments and errors are those of `query`.
        """
        items = self._dispatcher.relay(query, metadata, self._after(after, timeout))
        try:
            async for item in items:
                yield cast("Item", item)
        finally:
            await items.aclose()

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
        return self._secret.value

    @property
    def projections(self) -> tuple[type[Projection], ...]:
        """The projection classes."""
        return self._assembly.projections

    def projection_statuses(self) -> Sequence[SubscriptionStatus]:
        """Tell how each projection of this process is doing."""
        return self._assembly.statuses()

    async def caught_up(self, *, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - part of the answer
        """Wait until every projection has the log's present end; for tests and scripts.

        Args:
            timeout: how long to wait, in seconds.

        Raises:
            AfterTimeoutError: a projection did not get there in time.
        """
        await self._assembly.caught_up(seconds=timeout)

    async def retry_parked(self, choice: ParkedChoice) -> Sequence[RetriedKey]:
        """Apply parked events of its projections again, a key in order and in one transaction.

        Args:
            choice: which ones.

        Returns:
            What came of each key.

        Raises:
            ConfigurationError: there is no such projection, or its view is of another version.
            LeaseLostError: somebody else took the projection over meanwhile; the keys before are done.
            DatabaseError: the database failed; the keys before are done.
        """
        return await self._assembly.retry_parked(choice)

    def _after(self, after: int | PositionToken | None, seconds: float | None) -> AfterPosition | None:
        if after is None:
            return None
        return AfterPosition(after, self.settings.after_seconds if seconds is None else seconds)
