"""SQLAlchemy's dialect of PostgreSQL, over the connection of a scope."""

from collections.abc import Callable
from typing import Any, ClassVar, Final
from weakref import WeakKeyDictionary

import sqlalchemy
from sqlalchemy import event, types
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection, PGDialect_asyncpg
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.selectable import SelectBase
from sqlalchemy.util import await_only, greenlet_spawn

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error, is_conflict
from duolog.adapters.postgres.location import Location, parse_location
from duolog.adapters.postgres.sql_scripts import check_allowed
from duolog.adapters.sqlalchemy.flushes import conflict_key, is_guarded
from duolog.adapters.sqlalchemy.postgres_migration import migrate_server
from duolog.adapters.sqlalchemy.postgres_types import AwareTime, TextJson, TextJsonb, explained
from duolog.adapters.sqlalchemy.postgres_wires import ConnectionWire, QueryConnection, UnitConnection
from duolog.errors import ConflictError, DatabaseError, StaleRowError
from duolog.tables.ports import ReadSession
from duolog.tables.statements import DomainErrors
from duolog.write.unit_of_work import UnitOfWork

_AUTOCOMMIT: Final = "autocommit"
_LONGEST: Final = 3_600.0


class ScopeConnection(AsyncAdapt_asyncpg_connection):
    """A connection of the pool as SQLAlchemy takes it; the scope begins and ends its transaction.

    Attributes:
        wire: that of the scope which has the connection now.
    """

    __slots__ = ("wire",)

    wire: ConnectionWire | None

    def commit(self) -> None:
        """Do nothing: the scope commits."""

    def rollback(self) -> None:
        """Do nothing: the scope rolls back."""

    def close(self) -> None:
        """Give nothing back: the scope does."""
        self.wire = None

    def terminate(self) -> None:
        """Cut nothing off: the scope asks in which state the connection is."""
        self.wire = None


class HeldDialect(PGDialect_asyncpg):
    """A `ScopeDialect` for PostgreSQL.

    Args:
        database_url: says whether statements may be prepared.
        options: of SQLAlchemy's dialect.
    """

    driver = "duolog"
    supports_statement_cache = True
    supports_native_json_deserialization = False

    colspecs: ClassVar[dict[Any, Any]] = {  # type: ignore[misc]
        **PGDialect_asyncpg.colspecs,
        types.DateTime: AwareTime,
        types.JSON: TextJson,
        JSONB: TextJsonb,
    }

    def __init__(self, database_url: str = "", **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call] # pyright: ignore[reportUnknownMemberType]
        location = parse_location(database_url) if database_url else Location("", "")
        self._prepares = location.prepared_statements
        self._seconds = location.idle_in_transaction_timeout / 1_000 or _LONGEST
        # What SQLAlchemy knows of a connection, like its prepared statements, stays with it over many scopes.
        self._known: WeakKeyDictionary[Connection, ScopeConnection] = WeakKeyDictionary()

    @classmethod
    def engine_created(cls, engine: Any) -> None:
        """Explain what the types refuse."""
        event.listen(engine, "handle_error", explained)

    def on_connect(self) -> Any:
        """Set nothing up: the driver's own codecs of JSON give the text that SQLAlchemy's types decode."""
        return None

    async def connect_unit(
        self,
        unit: UnitOfWork,
        errors: DomainErrors,
        *,
        seconds: float,  # noqa: ARG002 - nobody waits for a transaction as such: the URL says how long it may be open
    ) -> ScopeConnection:
        """Connect a command's session; see `ScopeDialect.connect_unit`."""
        return await self._connect(UnitConnection(unit, errors, seconds=self._seconds))

    async def connect_query(self, session: ReadSession) -> ScopeConnection:
        """Connect a query's session; see `ScopeDialect.connect_query`."""
        return await self._connect(QueryConnection(session))

    def initialize(self, connection: Any) -> None:
        """Learn of the server what the driver knows already."""
        driver = connection.connection.dbapi_connection.driver_connection
        self.server_version_info = tuple(driver.get_server_version()[:2])
        self.default_schema_name = "public"
        self.default_isolation_level = "READ COMMITTED"
        self._backslash_escapes = driver.get_settings().standard_conforming_strings == "off"

    def begin_last_flush(self, connection: Any) -> None:
        """Take note that whatever fails from now on ends the unit of work; see `ScopeDialect.begin_last_flush`."""
        wire = _wire_of(connection)
        if wire is not None:
            wire.is_last_flush = True

    def do_savepoint(self, connection: Any, name: str) -> None:
        """Set a savepoint."""
        self._count_savepoints(connection, 1)
        super().do_savepoint(connection, name)  # type: ignore[no-untyped-call]

    def do_rollback_to_savepoint(self, connection: Any, name: str) -> None:
        """Go back to a savepoint."""
        super().do_rollback_to_savepoint(connection, name)  # type: ignore[no-untyped-call]
        self._count_savepoints(connection, -1)

    def do_release_savepoint(self, connection: Any, name: str) -> None:
        """Give a savepoint up."""
        super().do_release_savepoint(connection, name)  # type: ignore[no-untyped-call]
        self._count_savepoints(connection, -1)

    async def migrate(self, database_url: str, migration: Callable[[sqlalchemy.Connection], None]) -> None:
        """Run a migration on the server; see `ScopeDialect.migrate`."""
        await migrate_server(parse_location(database_url), migration)

    def naming_parameters(self) -> Dialect:
        """Return a dialect that compiles with ``:name`` parameters; see `ScopeDialect.naming_parameters`."""
        return HeldDialect(paramstyle="named")

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Run a statement."""
        self._run(super().do_execute, cursor, statement, parameters, context)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:
        """Run a statement that has no parameters."""
        self._run(super().do_execute, cursor, statement, (), context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Run a statement once for each set of parameters."""
        self._run(super().do_executemany, cursor, statement, parameters, context)

    async def _connect(self, wire: ConnectionWire) -> ScopeConnection:
        driver = await wire.run(_itself, writes=False)
        known = self._known.get(driver)
        if known is None:
            caching: dict[str, Any] = {}
            if not self._prepares:  # a pooler would give the prepared statements to somebody else
                caching = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
            made: Any = ScopeConnection(self.dbapi, driver, **caching)  # type: ignore[no-untyped-call]
            made.set_isolation_level(_AUTOCOMMIT)  # it sends no BEGIN
            known = self._known[driver] = made
        known.wire = wire
        return known

    def _run(
        self, execute: Callable[..., None], cursor: Any, sql: str, parameters: Any, context: DefaultExecutionContext
    ) -> None:
        connection: Any = context.root_connection.connection.dbapi_connection
        if context.is_text:
            check_allowed(sql)

        async def work(driver: Connection) -> None:
            if driver is not connection.driver_connection:
                message = "the session's connection was lost"
                raise DatabaseError(message, hint="Send the message again.")
            try:
                await greenlet_spawn(execute, cursor, sql, parameters, context)
            except (self.loaded_dbapi.Error, *DRIVER_ERRORS) as error:
                raise _reported(error, sql) from None  # its details may hold values

        writes = _writes(sql, context)
        await_only(connection.wire.run(work, writes=writes, keeps=writes or not _only_reads(context)))
        if is_guarded(context) and not context.executemany and cursor.rowcount != 1:
            key = conflict_key(context, context.compiled_parameters[0])
            raise StaleRowError(key=key, expected=1, actual=cursor.rowcount)

    def _count_savepoints(self, connection: Any, change: int) -> None:
        wire = _wire_of(connection.connection.dbapi_connection)
        if wire is not None:
            wire.savepoints += change


def _wire_of(connection: object) -> UnitConnection | None:
    wire = connection.wire if isinstance(connection, ScopeConnection) else None
    return wire if isinstance(wire, UnitConnection) else None


async def _itself(driver: Connection) -> Connection:
    return driver


def _writes(sql: str, context: DefaultExecutionContext) -> bool:
    if context.is_text:
        return not sql.lstrip(" \t\n(")[:6].upper().startswith("SELECT")
    return context.is_crud or context.isddl


def _only_reads(context: DefaultExecutionContext) -> bool:
    """Tell whether a statement that changes nothing leaves nothing behind either, like a row's lock or a savepoint."""
    if context.is_text:
        return "FOR" not in str(context.statement).upper().split()
    statement = context.compiled.statement if context.compiled is not None else None
    return isinstance(statement, SelectBase) and getattr(statement, "_for_update_arg", None) is None


def _reported(error: Exception, sql: str) -> Exception:
    known = next((each for each in (error, error.__cause__) if isinstance(each, DRIVER_ERRORS)), None)
    if known is None:
        return DatabaseError(f"the driver failed: {type(error).__name__}")
    if is_conflict(known):
        return ConflictError(database_error(known, sql).message, key="")
    return database_error(known, sql)
