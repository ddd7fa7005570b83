"""SQLAlchemy's engine over an opened database of duolog: it has no pool of its own, and each session gets a scope."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

from sqlalchemy import Connection, NullPool
from sqlalchemy.dialects import registry
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from duolog.errors import ConfigurationError, MissingDriverError
from duolog.tables.ports import ReadSession
from duolog.tables.statements import DomainErrors
from duolog.write.unit_of_work import UnitOfWork

DRIVER: Final = "duolog"

_DIALECTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "memory": ("duolog.adapters.sqlalchemy.sqlite_dialect", "WireDialect"),
        "sqlite": ("duolog.adapters.sqlalchemy.sqlite_dialect", "WireDialect"),
        "postgres": ("duolog.adapters.sqlalchemy.postgres_dialect", "HeldDialect"),
        "postgresql": ("duolog.adapters.sqlalchemy.postgres_dialect", "HeldDialect"),
    }
)
_GIVEN: Final[ContextVar[Any]] = ContextVar("duolog_sqlalchemy_connection")

for _scheme, (_module, _class) in _DIALECTS.items():  # SQLAlchemy imports a dialect when an engine asks for it
    registry.register(f"{_scheme}.{DRIVER}", _module, _class)


class ScopeDialect(Protocol):
    """What a dialect of SQLAlchemy's has for duolog: connections that belong to a scope.

    A database's scheme finds it among SQLAlchemy's dialects: ``sqlite`` is served by ``sqlite+duolog``. Its constructor
    takes the database's URL as ``database_url``.
    """

    async def connect_unit(self, unit: UnitOfWork, errors: DomainErrors, *, seconds: float) -> Any:
        """Connect a command's session to its unit of work.

        Args:
            unit: the unit of work, which commits, rolls back and gives back what was taken.
            errors: the domain error for each constraint.
            seconds: for how long the writer is held, once it is taken, where others wait for it.

        Returns:
            A connection as a driver of this dialect has them.

        Raises:
            DatabaseError: it cannot be had.
        """
        ...

    async def connect_query(self, session: ReadSession) -> Any:
        """Connect a query's session to its snapshot, where the database refuses writes; otherwise as `connect_unit`."""
        ...

    def begin_last_flush(self, connection: Any) -> None:
        """Take note that the unit of a connection is being committed, so that nobody looks at what is written."""
        ...

    async def migrate(self, database_url: str, migration: Callable[[Connection], None]) -> None:
        """Run a migration of the application's tables; see `migrating.run_migration`."""
        ...

    def naming_parameters(self) -> Dialect:
        """Return a dialect that compiles statements for this database with ``:name`` parameters."""
        ...


class ScopeEngine:
    """Connects sessions to the scopes of one database.

    Args:
        url: the database's URL, without a password.

    Attributes:
        naming_dialect: compiles statements with ``:name`` parameters.
    """

    __slots__ = ("_engine", "naming_dialect")

    def __init__(self, url: str) -> None:
        scheme = url.partition(":")[0].lower()
        try:
            self._engine = create_async_engine(
                f"{scheme}+{DRIVER}://",
                creator=_GIVEN.get,
                poolclass=NullPool,
                hide_parameters=True,
                database_url=url,
            )
        except NoSuchModuleError as error:
            message = f"SQLAlchemy's sessions cannot run on {scheme}: databases"
            raise ConfigurationError(message, hint=f"Register a dialect {scheme}.{DRIVER} with SQLAlchemy.") from error
        except ImportError as error:
            message = f"SQLAlchemy's sessions on {scheme}: databases need the package {error.name!r}"
            raise MissingDriverError(message, hint=f"Install it: pip install 'duolog[{scheme}]'.") from error
        self.naming_dialect = self.dialect.naming_parameters()

    @property
    def engine(self) -> AsyncEngine:
        """The engine, for listeners; it cannot connect by itself."""
        return self._engine

    @property
    def dialect(self) -> ScopeDialect:
        """The database's dialect."""
        return cast("ScopeDialect", self._engine.dialect)

    def connect(self, connection: Any) -> Connection:
        """Return SQLAlchemy's connection over a driver's; called in a greenlet of SQLAlchemy's."""
        given = _GIVEN.set(connection)
        try:
            return self._engine.sync_engine.connect()
        finally:
            _GIVEN.reset(given)
