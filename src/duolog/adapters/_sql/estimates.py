"""About how many rows a table of SQLite has, from what ``ANALYZE`` has noted in ``sqlite_stat1``."""

import sqlite3
from typing import Final

from duolog.adapters._sql.errors import DRIVER_ERRORS, database_error

_NOTED: Final = "SELECT stat FROM sqlite_stat1 WHERE tbl = ? COLLATE NOCASE"
_IS_KEPT: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sqlite_stat1'"


def estimated_rows(connection: sqlite3.Connection, source: str, where: str) -> int | None:
    """Return how many rows a table had when it was analysed last.

    None if only those that fit a condition are meant, or the table is a view or was never analysed.

    Args:
        connection: where to look.
        source: the table.
        where: the condition; ``TRUE`` for all rows.

    Raises:
        DatabaseError: the database failed.
    """
    if where != "TRUE":
        return None
    try:
        kept = connection.execute(_IS_KEPT).fetchone()
        noted = connection.execute(_NOTED, (source,)).fetchall() if kept else []
    except DRIVER_ERRORS as error:
        raise database_error(error, _NOTED) from error
    # "10000 3 1": the rows of the table, or of a partial index, and how selective it is.
    counts = [int(first) for (stat,) in noted if (first := str(stat).split(" ")[0]).isdigit()]
    return max(counts, default=None)
