"""Making a view ready: its tables and its checkpoint, from the beginning if it has another version."""

import sqlite3
import time
from collections.abc import Mapping, Sequence
from typing import Final

from duolog.adapters._sql.ddl import (
    check_empty,
    check_tables,
    create_missing,
    drop_named,
    drop_tables,
    missing_tables,
)
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.database.port import View
from duolog.errors import LeaseLostError
from duolog.subscriptions.checkpoints import Checkpoint

_READ_CHECKPOINT: Final = load_sql("read_checkpoint")
_READ_FENCE: Final = load_sql("read_fence")
_RESET_CHECKPOINT: Final = load_sql("reset_checkpoint")
_UNPARK_ALL: Final = load_sql("unpark_all")
_DROP_CHECKPOINT: Final = load_sql("drop_checkpoint")


def prepare_view(connection: sqlite3.Connection, view: View, token: int | None) -> Checkpoint:
    """Do what `Database.prepare_view` says, in the open transaction."""
    check_tables(view.tables)
    values = {"subscription": view.subscription}
    if token is not None:
        _check_token(connection, view.subscription, token)
    row = connection.execute(_READ_CHECKPOINT, values).fetchone()
    known = None if row is None else Checkpoint(*row)
    if known is not None and _is_current(connection, known, view):
        create_missing(connection, view.tables)
        return known
    if known is not None and token is None:
        return known
    if known is None:
        check_empty(connection, view.subscription, view.tables)
    else:
        drop_tables(connection, view.tables)
    create_missing(connection, view.tables)
    connection.execute(_UNPARK_ALL, values)
    connection.execute(_RESET_CHECKPOINT, {**values, "version": view.version, "now": time.time_ns() // 1_000})
    return Checkpoint(*connection.execute(_READ_CHECKPOINT, values).fetchone())


def forget_view(connection: sqlite3.Connection, subscription: str, token: int, tables: Sequence[str]) -> None:
    """Do what `Database.forget_view` says, in the open transaction."""
    _check_token(connection, subscription, token)
    drop_named(connection, tables)
    values = {"subscription": subscription}
    connection.execute(_UNPARK_ALL, values)
    connection.execute(_DROP_CHECKPOINT, values)


def create_tables(connection: sqlite3.Connection, tables: Mapping[str, str]) -> None:
    """Do what `Database.create_tables` says, in the open transaction."""
    check_tables(tables)
    create_missing(connection, tables)


def _check_token(connection: sqlite3.Connection, subscription: str, token: int) -> None:
    if token < connection.execute(_READ_FENCE, {"subscription": subscription}).fetchone()[0]:
        message = f"somebody else took {subscription!r} over meanwhile"
        raise LeaseLostError(message)


def _is_current(connection: sqlite3.Connection, known: Checkpoint, view: View) -> bool:
    # A table that is missing at a later position has missed events: the view is built again.
    return known.version == view.version and (known.position == 0 or not missing_tables(connection, view.tables))
