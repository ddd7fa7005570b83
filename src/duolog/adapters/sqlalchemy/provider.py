"""Provides SQLAlchemy's sessions to repositories and readers."""

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Final

from dishka import AsyncContainer, Provider, Scope, provide  # pyright: ignore[reportUnknownVariableType]
from sqlalchemy.ext.asyncio import AsyncSession

from duolog.adapters.sqlalchemy.core_reader import CoreReader
from duolog.adapters.sqlalchemy.engine import ScopeEngine
from duolog.adapters.sqlalchemy.last_flush import LastFlush
from duolog.adapters.sqlalchemy.sessions import QuerySession, UnitSession
from duolog.adapters.sqlalchemy.transaction_manager import SqlAlchemyTransactionManager
from duolog.database.port import Database
from duolog.dispatch.context import ScopeKind, current_context
from duolog.errors import ConfigurationError
from duolog.read.read_scope import ReadScope
from duolog.tables.ports import ReadDatabase
from duolog.tables.statements import DomainErrors
from duolog.write.transaction_manager import TransactionManager
from duolog.write.unit_of_work import UnitOfWork

_NO_ERRORS: Final[DomainErrors] = MappingProxyType({})


class SqlAlchemyProvider(Provider):
    """Provides an `AsyncSession` for each scope, and the transaction manager over it.

    A command's session is part of its unit of work: what has changed is flushed when the command is committed, in the
    transaction of its events and its idempotency key. A query's session reads the query's snapshot, and the database
    refuses what would write.

    Args:
        errors: the domain error for each constraint that a flush may break.
        writer_seconds: for how long a session holds the database's writer, where one command's writer keeps the others
            waiting (SQLite) and the outcome of a statement is looked at before the commit.
    """

    scope = Scope.REQUEST

    def __init__(self, *, errors: DomainErrors | None = None, writer_seconds: float = 1.0) -> None:
        super().__init__()
        self._errors = _NO_ERRORS if errors is None else errors
        self._writer_seconds = writer_seconds

    @provide(scope=Scope.APP)
    def engine(self, database: Database) -> ScopeEngine:
        """Provide the engine over the application's database."""
        return ScopeEngine(database.url)

    @provide
    async def session(self, engine: ScopeEngine, container: AsyncContainer) -> AsyncIterator[AsyncSession]:
        """Provide the command's or the query's session.

        Raises:
            ConfigurationError: a projection takes one.
        """
        context = current_context()
        if context is not None and context.kind is ScopeKind.PROJECTION:
            message = "an AsyncSession was asked for in a projection"
            raise ConfigurationError(message, hint="A projection writes its view through the ViewDatabase it takes.")
        read_scope = context.find(ReadScope) if context is not None else None
        if read_scope is not None:
            reader = read_scope.session
            query_session = QuerySession(engine, lambda: engine.dialect.connect_query(reader))
            yield query_session
            query_session.scope_session.end()
        else:
            yield self._unit_session(engine, await container.get(UnitOfWork))  # the unit of work ends it

    @provide
    def core_reader(self, db: ReadDatabase, engine: ScopeEngine) -> CoreReader:
        """Provide the reader of SQLAlchemy's Core statements."""
        return CoreReader(db, engine)

    @provide
    def transaction_manager(self, session: AsyncSession, unit: UnitOfWork) -> TransactionManager:
        """Provide the transaction manager over the command's session."""
        return SqlAlchemyTransactionManager(session, unit)

    def _unit_session(self, engine: ScopeEngine, unit: UnitOfWork) -> UnitSession:
        errors, seconds = self._errors, self._writer_seconds
        session = UnitSession(unit, engine, lambda: engine.dialect.connect_unit(unit, errors, seconds=seconds))
        unit.join(LastFlush(session.scope_session, engine))
        return session
