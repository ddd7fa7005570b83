"""What duolog itself provides to handlers, repositories, gateways and projections."""

import logging
from collections.abc import AsyncIterator
from typing import Final

from dishka import AsyncContainer, Provider, Scope, provide  # pyright: ignore[reportUnknownVariableType]

from duolog.clock import Clock, SystemClock
from duolog.codec.event_codec import EventCodec
from duolog.container.scopes import ProjectionScope
from duolog.container.secret import Secret
from duolog.database.port import Database
from duolog.dispatch.context import MessageContext, ScopeKind, current_context, current_metadata
from duolog.errors import ConfigurationError, NotInCommandScopeError
from duolog.eventstore.port import EventStore
from duolog.messages.metadata import Metadata
from duolog.projections.inline_views import InlineViews
from duolog.projections.view_database import ViewDatabase
from duolog.read.read_scope import ReadScope
from duolog.tables.ports import ReadDatabase, ReadSession
from duolog.write.boundary import DecisionBoundary
from duolog.write.entity_states import EntityStates
from duolog.write.event_publisher import EventPublisher
from duolog.write.inline_work import InlineEventStore
from duolog.write.middleware.unit_of_work import UnitScope
from duolog.write.publishing import UnitEventPublisher, UnitTransactionManager
from duolog.write.transaction_manager import TransactionManager
from duolog.write.unit_of_work import UnitOfWork
from duolog.write.write_database import UnitWriteDatabase, WriteDatabase

_log: Final = logging.getLogger("duolog.container")


class LoneUnit:
    """A unit of work outside the pipeline: ``commit()`` commits at once, and what is left is rolled back."""

    __slots__ = ("unit",)

    def __init__(self, unit: UnitOfWork) -> None:
        self.unit = unit


class LoneReader:
    """A read session outside the pipeline, closed with its scope."""

    __slots__ = ("session",)

    def __init__(self, session: ReadSession) -> None:
        self.session = session


class DuologProvider(Provider):
    """Provides the ports of the message that is being handled.

    Args:
        database: the opened application's database.
        codec: encodes and decodes events.
        secret: the application's secret.
        entity_states: what the application has at hand of event-sourced entities.
        inline: views that show events as they are appended.
    """

    scope = Scope.REQUEST

    def __init__(
        self,
        database: Database,
        codec: EventCodec,
        secret: Secret,
        entity_states: EntityStates,
        inline: InlineViews,
    ) -> None:
        super().__init__()
        self._inline = inline
        self._database = database
        self._codec = codec
        self._secret = secret
        self._entity_states = entity_states

    @provide(scope=Scope.APP)
    def database(self) -> Database:
        """Provide the database."""
        return self._database

    @provide(scope=Scope.APP)
    def event_store(self) -> EventStore:
        """Provide the log, for reading; what is appended to it is shown in inline views as well."""
        if not self._inline.projections:
            return self._database.store
        return InlineEventStore(self._database.store, self._database.committer, self._inline)

    @provide(scope=Scope.APP)
    def codec(self) -> EventCodec:
        """Provide the codec."""
        return self._codec

    @provide(scope=Scope.APP)
    def secret(self) -> Secret:
        """Provide the secret."""
        return self._secret

    @provide(scope=Scope.APP)
    def clock(self) -> Clock:
        """Provide the system's clock."""
        return SystemClock()

    @provide
    def metadata(self) -> Metadata:
        """Provide the message's metadata; outside the pipeline, new ones."""
        return current_metadata() or Metadata()

    @provide
    async def lone_unit(self) -> AsyncIterator[LoneUnit]:
        """Provide a unit of work for an interactor that was injected outside the pipeline."""
        unit = UnitOfWork(
            store=self._database.store,
            committer=self._database.committer,
            codec=self._codec,
            metadata=current_metadata(),
            commits_at_once=True,
            entity_states=self._entity_states,
            inline=self._inline,
        )
        yield LoneUnit(unit)
        if unit.has_work:
            _log.warning("staged work was rolled back: its scope ended without commit()")
        await unit.rollback()

    @provide
    async def unit_of_work(self, container: AsyncContainer) -> UnitOfWork:
        """Provide the command's unit of work; outside of messages one that commits at once.

        Raises:
            NotInCommandScopeError: a query or a projection takes one.
        """
        context = current_context()
        if context is None:
            return (await container.get(LoneUnit)).unit
        scope = context.find(UnitScope)
        if scope is None:
            message = f"a write port was asked for in a {_described(context)}"
            raise NotInCommandScopeError(message)
        return scope.unit

    @provide
    def transaction_manager(self, unit: UnitOfWork) -> TransactionManager:
        """Provide the transaction manager of the command."""
        return UnitTransactionManager(unit)

    @provide
    def event_publisher(self, unit: UnitOfWork) -> EventPublisher:
        """Provide the event publisher of the command."""
        return UnitEventPublisher(unit)

    @provide
    def write_database(self, unit: UnitOfWork) -> WriteDatabase:
        """Provide SQL on the application's own tables, in the command's transaction."""
        return UnitWriteDatabase(unit)

    @provide
    def boundary(self, unit: UnitOfWork) -> DecisionBoundary:
        """Provide dynamic consistency boundaries of the command."""
        return DecisionBoundary(unit)

    @provide
    async def lone_reader(self) -> AsyncIterator[LoneReader]:
        """Provide a read session for a gateway that was injected outside the pipeline."""
        session = self._database.open_reader()
        yield LoneReader(session)
        await session.close()

    @provide
    async def read_database(self, container: AsyncContainer) -> ReadDatabase:
        """Provide the read port: the query's snapshot, the command's, or the projection's view."""
        context = current_context()
        if context is None:
            return (await container.get(LoneReader)).session
        reading = context.find(ReadScope)
        if reading is not None:
            return reading.session
        writing = context.find(UnitScope)
        return UnitWriteDatabase(writing.unit) if writing is not None else _view_database(context)

    @provide
    def view_database(self) -> ViewDatabase:
        """Provide the projection's own view.

        Raises:
            ConfigurationError: something else than a projection takes one.
        """
        context = current_context()
        if context is None or context.kind is not ScopeKind.PROJECTION:
            message = f"a ViewDatabase was asked for in a {_described(context)}"
            raise ConfigurationError(message, hint="Only projections write views; gateways take a ReadDatabase.")
        return _view_database(context)


def _view_database(context: MessageContext) -> ViewDatabase:
    scope = context.find(ProjectionScope)
    if scope is None:
        message = f"a database was asked for in a {_described(context)} that has none"
        raise ConfigurationError(message)
    return scope.db


def _described(context: MessageContext | None) -> str:
    if context is None:
        return "scope outside the pipeline"
    name = type(context.message).__name__ if context.message is not None else "a batch"
    return f"{context.kind.value} scope ({name})"
