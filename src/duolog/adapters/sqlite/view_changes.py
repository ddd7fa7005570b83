"""What views have come to."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from duolog.adapters.sqlite.sql_files import load_sql
from duolog.tables.view_changes import ViewChanges

_READ: Final = load_sql("view_changes")


def read_view_changes(connection: sqlite3.Connection, views: Sequence[str]) -> Mapping[str, ViewChanges]:
    """Return what views have come to, by name, in the connection's snapshot; one that never ran is left out."""
    names = msgspec.json.encode(list(views)).decode()
    return ViewChanges.of_rows(connection.execute(_READ, {"subscriptions": names}).fetchall())
