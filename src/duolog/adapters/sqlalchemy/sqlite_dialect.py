"""SQLAlchemy's dialect of the databases on sqlite3, over a scope's own session."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Connection, types
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import Dialect

from duolog.adapters.sqlalchemy.calls import CallKind, SqlCall
from duolog.adapters.sqlalchemy.flushes import conflict_key, is_guarded, wants_answer
from duolog.adapters.sqlalchemy.sqlite_driver import WireConnection, WireCursor, WireDriver
from duolog.adapters.sqlalchemy.sqlite_migration import migrate_file
from duolog.adapters.sqlalchemy.sqlite_types import DecimalText, TimeText, UuidText
from duolog.adapters.sqlalchemy.wires import QueryWire, UnitWire
from duolog.adapters.sqlite.location import parse_location
from duolog.tables.ports import ReadSession
from duolog.tables.statements import DomainErrors
from duolog.write.unit_of_work import UnitOfWork


class WireDialect(SQLiteDialect_pysqlite):
    """A `ScopeDialect` for SQLite.

    Args:
        database_url: says nothing that is needed.
        options: of SQLAlchemy's dialect.
    """

    driver = "duolog"
    default_paramstyle = "named"
    supports_statement_cache = True
    is_async = True

    colspecs: ClassVar[dict[Any, Any]] = {  # type: ignore[misc]
        **SQLiteDialect_pysqlite.colspecs,
        types.DateTime: TimeText,
        types.Float: types.Float,
        types.Numeric: DecimalText,
        types.TIMESTAMP: TimeText,
        types.Uuid: UuidText,
    }

    def __init__(self, database_url: str = "", **options: Any) -> None:  # noqa: ARG002 - as every `ScopeDialect`
        super().__init__(**options)

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return the driver."""
        return WireDriver

    def on_connect(self) -> Any:
        """Set nothing up: duolog did."""
        return None

    def get_default_isolation_level(self, dbapi_conn: Any) -> Any:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the one that SQLite has, without asking."""
        return "SERIALIZABLE"

    async def connect_unit(self, unit: UnitOfWork, errors: DomainErrors, *, seconds: float) -> WireConnection:
        """Connect a command's session; see `ScopeDialect.connect_unit`."""
        return WireConnection(UnitWire(unit, errors, seconds=seconds))

    async def connect_query(self, session: ReadSession) -> WireConnection:
        """Connect a query's session; see `ScopeDialect.connect_query`."""
        return WireConnection(QueryWire(session))

    def begin_last_flush(self, connection: Any) -> None:
        """Take note that what is written from now on is not looked at; see `ScopeDialect.begin_last_flush`."""
        if isinstance(connection, WireConnection) and isinstance(connection.wire, UnitWire):
            connection.wire.is_last_flush = True

    async def migrate(self, database_url: str, migration: Callable[[Connection], None]) -> None:
        """Run a migration on the file; see `ScopeDialect.migrate`."""
        migrate_file(parse_location(database_url), migration)

    def naming_parameters(self) -> Dialect:
        """Return a dialect that compiles with ``:name`` parameters: this one; see `ScopeDialect.naming_parameters`."""
        return self

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Run a statement."""
        _cursor(cursor).call(_call(statement, (parameters or {},), context))

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> None:
        """Run a statement that has no parameters."""
        self.do_execute(cursor, statement, {}, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> None:
        """Run a statement once for each set of parameters."""
        _cursor(cursor).call(_call(statement, parameters, context))


def _cursor(cursor: object) -> WireCursor:
    if not isinstance(cursor, WireCursor):
        raise TypeError  # an engine of another dialect
    return cursor


def _call(sql: str, rows: Sequence[Mapping[str, Any]], context: DefaultExecutionContext | None) -> SqlCall:
    if context is None or context.is_text:
        return SqlCall(sql, rows, CallKind.UNKNOWN if len(rows) == 1 else CallKind.WRITE)
    if not (context.is_crud or context.isddl):
        return SqlCall(sql, rows, CallKind.READ if context.compiled is not None else CallKind.UNKNOWN)
    if wants_answer(context):
        return SqlCall(sql, rows, CallKind.WRITE, guarded=is_guarded(context), key=_key(context))
    return SqlCall(sql, rows, CallKind.STAGED, guarded=is_guarded(context), key=_key(context))


def _key(context: DefaultExecutionContext) -> str:
    return conflict_key(context, context.compiled_parameters[0]) if is_guarded(context) else ""
