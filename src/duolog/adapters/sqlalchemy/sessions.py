"""SQLAlchemy's sessions in duolog's scopes: a command's reads and writes in its unit of work, a query's only reads."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn, cast

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.util import await_only

from duolog.adapters.sqlalchemy.engine import ScopeEngine
from duolog.errors import ConflictError, NotInCommandScopeError, UnitOfWorkError
from duolog.write.unit_of_work import UnitOfWork

Connect = Callable[[], Awaitable[Any]]


class ScopeSession(Session):
    """The session below an `AsyncSession` of a scope: its only connection is the scope's, taken at its first use.

    Args:
        engine: makes SQLAlchemy's connection.
        connect: takes the driver's connection of the scope.
        options: of `Session`.
    """

    def __init__(self, *, engine: ScopeEngine, connect: Connect, **options: Any) -> None:
        super().__init__(**options)
        self._scope_engine = engine
        self._scope_connect = connect
        self._scope_connection: Connection | None = None
        self._has_ended = False

    def get_bind(self, mapper: object = None, **arguments: Any) -> Connection:  # noqa: ARG002 - SQLAlchemy's
        """Return the scope's connection, whatever is mapped or executed.

        Raises:
            UnitOfWorkError: the scope's unit of work was committed or rolled back.
        """
        if self._has_ended:
            message = "this session has ended with its unit of work"
            raise UnitOfWorkError(message, hint="Every message gets a scope and a session of its own; keep none.")
        if self._scope_connection is None:
            self._scope_connection = self._scope_engine.connect(await_only(self._scope_connect()))
        return self._scope_connection

    def flush(self, objects: Sequence[Any] | None = None) -> None:
        """Write what has changed.

        Raises:
            ConflictError: a row is not of the version that was read.
            UnitOfWorkError: an earlier flush failed.
        """
        if not self.is_active:
            message = "the session's flush has failed before, so that its unit of work can only be rolled back"
            raise UnitOfWorkError(message, hint="Let the error of the flush pass; the command is rolled back.")
        try:
            super().flush(objects)
        except StaleDataError as error:
            raise ConflictError(str(error), key="") from error

    def end(self) -> None:
        """Let go of the connection and of every entity; the scope gives the connection back. May be called twice."""
        self._has_ended = True
        self.expunge_all()
        connection, self._scope_connection = self._scope_connection, None
        self.close()
        if connection is not None:
            connection.close()


class QuerySession(AsyncSession):
    """An `AsyncSession` that only reads: the database refuses what would write.

    Args:
        engine: makes SQLAlchemy's connection.
        connect: takes the driver's connection of the query's snapshot.
    """

    def __init__(self, engine: ScopeEngine, connect: Connect) -> None:
        super().__init__(
            sync_session_class=ScopeSession, engine=engine, connect=connect, autoflush=False, expire_on_commit=False
        )

    async def commit(self) -> None:
        """Refuse.

        Raises:
            NotInCommandScopeError: always.
        """
        message = "a query's session cannot commit"
        raise NotInCommandScopeError(message)

    @property
    def scope_session(self) -> ScopeSession:
        """The session below."""
        return cast("ScopeSession", self.sync_session)


class UnitSession(AsyncSession):
    """An `AsyncSession` that is part of one unit of work.

    What has changed is flushed when the unit is committed, right before the events are appended. ``commit()`` seals the
    unit of work, and ``rollback()`` drops it, like those of its `TransactionManager`.

    Args:
        unit: the unit of work.
        engine: makes SQLAlchemy's connection.
        connect: takes the driver's connection of the unit of work.
    """

    def __init__(self, unit: UnitOfWork, engine: ScopeEngine, connect: Connect) -> None:
        super().__init__(
            sync_session_class=ScopeSession, engine=engine, connect=connect, autoflush=False, expire_on_commit=False
        )
        self._unit = unit

    @property
    def scope_session(self) -> ScopeSession:
        """The session below."""
        return cast("ScopeSession", self.sync_session)

    async def commit(self) -> None:
        """Seal the unit of work; see `TransactionManager.commit`."""
        await self._unit.seal()

    async def rollback(self) -> None:
        """Drop everything that is staged, and the session's changes."""
        await self._unit.rollback()

    def begin(self) -> NoReturn:
        """Refuse: the scope begins and ends the transaction.

        Raises:
            UnitOfWorkError: always.
        """
        message = "a scope's session cannot begin a transaction"
        raise UnitOfWorkError(message, hint="It is in the transaction of its command already; commit at the end.")
