"""Bringing the schema up to date: numbered SQL files, each frozen by its checksum."""

import sqlite3
import time
from functools import lru_cache
from typing import Final
from uuid import uuid4

from duolog.adapters._sql.ddl import single_statements
from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error
from duolog.adapters._sql.migration_files import Migration, migrations_of
from duolog.adapters.sqlite.connections import connect_reader
from duolog.adapters.sqlite.location import Location
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.errors import SchemaError

_CREATE: Final = load_sql("create_migrations")
_READ: Final = load_sql("read_migrations")
_INSERT: Final = load_sql("insert_migration")
_INSERT_META: Final = load_sql("insert_meta")
_UPDATE_META: Final = load_sql("update_meta")
_READ_LOG_ID: Final = load_sql("read_log_id")
_IS_CLOSED: Final = load_sql("read_transfer")
_CLOSE: Final = tuple(single_statements(load_sql("close_log")))
_EXISTS: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'duolog_migrations'"


@lru_cache(maxsize=1)
def migrations() -> tuple[Migration, ...]:
    """Return all migrations of this release, in order."""
    return migrations_of("duolog.adapters.sqlite")


def pending(connection: sqlite3.Connection) -> list[Migration]:
    """Return the migrations that are not applied yet.

    Raises:
        SchemaError: an applied migration is unknown here, or its text was another one.
        DatabaseError: the database failed, or the file is none.
    """
    known = {migration.number: migration for migration in migrations()}
    applied: set[int] = set()
    for number, name, checksum in _applied(connection):
        if number not in known:
            message = f"the database has the migration {name!r}, which this release does not know"
            raise SchemaError(message, hint="It was made by a newer release of duolog: upgrade, or use its backup.")
        if checksum != known[number].checksum:
            message = f"the migration {name!r} was applied with another text"
            raise SchemaError(message, hint="Released migrations are frozen; restore the file of the release.")
        applied.add(number)
    return [migration for number, migration in sorted(known.items()) if number not in applied]


def pending_names(location: Location) -> list[str]:
    """Return the names of the migrations that are not applied yet to a file, which need not be there; makes none.

    Raises:
        SchemaError: an applied migration is unknown here, or its text was another one.
        DatabaseError: the database failed, or the file is none.
    """
    if not location.path.exists():
        return [migration.name for migration in migrations()]
    connection = connect_reader(location)
    try:
        return [migration.name for migration in pending(connection)]
    finally:
        connection.close()


def migrate(connection: sqlite3.Connection) -> str:
    """Apply what is pending, in one transaction, and return the log's id.

    Processes that start at the same time take turns here.

    Raises:
        SchemaError: the schema is newer than this release, or was tampered with.
        DatabaseError: the database failed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            steps = pending(connection)
            if steps:
                _apply(connection, steps)
            log_id = str(connection.execute(_READ_LOG_ID).fetchone()[0])
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except DRIVER_ERRORS as error:
        raise database_error(error) from error
    return log_id


def read_log_id(connection: sqlite3.Connection) -> str:
    """Return the log's id, where the schema is that of this release; nothing is written.

    Raises:
        SchemaError: the schema is missing, older or newer, or was tampered with.
    """
    missing = pending(connection)
    if missing:
        message = f"the database lacks the migrations {', '.join(step.name for step in missing)}"
        raise SchemaError(message, hint="`duolog migrate` applies them.")
    return str(connection.execute(_READ_LOG_ID).fetchone()[0])


def _applied(connection: sqlite3.Connection) -> list[tuple[int, str, str]]:
    try:
        if connection.execute(_EXISTS).fetchone() is None:
            return []
        return connection.execute(_READ).fetchall()
    except DRIVER_ERRORS as error:
        raise database_error(error) from error


def _apply(connection: sqlite3.Connection, steps: list[Migration]) -> None:
    connection.execute(_CREATE)
    for step in steps:
        for statement in single_statements(step.sql):
            connection.execute(statement)
        connection.execute(
            _INSERT,
            {
                "number": step.number,
                "name": step.name,
                "checksum": step.checksum,
                "now": time.time_ns() // 1_000,
            },
        )
    if connection.execute(_IS_CLOSED).fetchone() is not None:
        for statement in _CLOSE:  # a table that was made anew has lost what keeps it closed
            connection.execute(statement)
    connection.execute(_INSERT_META, {"log_id": str(uuid4())})
    connection.execute(_UPDATE_META, {"schema_version": steps[-1].number})
