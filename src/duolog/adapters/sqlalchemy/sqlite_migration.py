"""Migrating the application's tables in a SQLite file."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Final

from sqlalchemy import Connection, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from duolog.adapters._sql.errors import database_error
from duolog.adapters.sqlite.connections import connect_writer
from duolog.adapters.sqlite.location import Location
from duolog.errors import StatementError

_MOST_SHOWN: Final = 3


def migrate_file(location: Location, migration: Callable[[Connection], None]) -> None:
    """Run a migration in one transaction; other writers of the file wait.

    Foreign keys are off meanwhile, as SQLite asks of whoever makes a table anew
    (https://sqlite.org/lang_altertable.html#otheralter), and checked at the end.

    Raises:
        StatementError: the migration leaves rows that refer to none.
        DatabaseError: the file cannot be opened, or its lock not be had in time.
        Exception: what the migration raised.
    """
    with closing(connect_writer(location)) as driver:
        driver.execute("PRAGMA foreign_keys = OFF")
        engine = create_engine("sqlite://", creator=lambda: driver, poolclass=StaticPool, hide_parameters=True)
        event.listen(engine, "begin", _begin)  # the driver would begin late, and commit before DDL
        with engine.begin() as connection:
            migration(connection)
            _check_references(driver)


def _begin(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except DBAPIError as error:
        raise database_error(error.orig if isinstance(error.orig, Exception) else error) from error


def _check_references(connection: sqlite3.Connection) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchmany(_MOST_SHOWN)
    if broken:
        tables = ", ".join(sorted({f"{table} -> {parent}" for table, _, parent, _ in broken}))
        message = f"the migration leaves rows that refer to none: {tables}"
        raise StatementError(message, hint="Nothing was changed. Delete them, or keep what they refer to.")
