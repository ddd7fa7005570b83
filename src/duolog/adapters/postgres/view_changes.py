"""What views have come to."""

from collections.abc import Mapping, Sequence
from typing import Any

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import reported
from duolog.adapters.postgres.sql_files import load_sql
from duolog.tables.view_changes import ViewChanges


async def read_view_changes(connection: Connection, schema: str, views: Sequence[str]) -> Mapping[str, ViewChanges]:
    """Return what views have come to, by name, in the connection's snapshot; one that never ran is left out.

    Raises:
        DatabaseError: the database failed.
    """
    with reported():
        rows: Any = await connection.fetch(load_sql("view_changes", schema), list(views))
    return ViewChanges.of_rows(rows)
