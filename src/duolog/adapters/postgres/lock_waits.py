"""Sessions that wait for each other's locks: a projection whose statement waits stands still."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.examination import Examination, Level

_SUBJECT: Final = "locks"


async def lock_waits(connection: Connection, schema: str, *, seconds: float) -> AsyncGenerator[Examination, None]:
    """Examine which sessions of the database wait for a lock, and who holds it; no statement is shown.

    Args:
        connection: where to look.
        schema: of duolog's own tables.
        seconds: who waits for so long is told of.

    Raises:
        asyncpg.PostgresError: the database failed.
    """
    rows = await connection.fetch(load_sql("lock_waits", schema))
    long = [row for row in rows if row["seconds"] is None or row["seconds"] >= seconds]
    for row in long:
        yield _examination(row)
    if not long:
        yield Examination(_SUBJECT, Level.WELL, "no session waits for long")


def _examination(row: Any) -> Examination:
    what = f" on {row['relations']}" if row["relations"] else ""
    waits = f"the session with pid {row['pid']}, {row['application_name']!r}, waits since {row['since']} UTC for a lock"
    if not row["holder"]:
        found = f"{waits}{what} that a prepared transaction holds"
        advice = "Look into pg_prepared_xacts, and let its coordinator end it, or COMMIT PREPARED or ROLLBACK PREPARED."
        return Examination(_SUBJECT, Level.RISK, found, advice)
    state = row["holder_state"] or "state hidden"
    who = f"{row['holder_name']!r} ({row['holder_user']} from {row['holder_client']}, {state})"
    since = f", in a transaction since {row['holder_since']} UTC" if row["holder_since"] else ""
    found = f"{waits}{what} that pid {row['holder']}, {who}, has{since}"
    advice = f"Find out what that does, or end it: SELECT pg_terminate_backend({row['holder']})."
    return Examination(_SUBJECT, Level.RISK, found, advice)
