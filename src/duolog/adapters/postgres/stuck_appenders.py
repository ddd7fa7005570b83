"""Transactions that have drawn positions and do not end: whoever follows the log waits for them."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.examination import Examination, Level

_SUBJECT: Final = "appenders"


async def stuck_appenders(connection: Connection, schema: str, *, seconds: float) -> AsyncGenerator[Examination, None]:
    """Examine who holds the log's fence.

    Args:
        connection: where to look.
        schema: of duolog's own tables.
        seconds: who holds it for so long is stuck.

    Raises:
        asyncpg.PostgresError: the database failed.
    """
    rows = await connection.fetch(load_sql("stuck_appenders", schema))
    stuck = [row for row in rows if row["seconds"] is None or row["seconds"] >= seconds]
    for row in stuck:
        yield _examination(row)
    if not stuck:
        yield Examination(_SUBJECT, Level.WELL, f"{len(rows)} transactions append just now, none of them for long")


def _examination(row: Any) -> Examination:
    since = f"since {row['since']} UTC" if row["since"] else "for an unknown time"
    lag = f"{row['waiting']} events behind position {row['horizon']} wait for it"
    if row["gid"] is not None:
        found = f"the prepared transaction {row['gid']!r} of {row['username']} has not ended {since}; {lag}"
        advice = "Let its coordinator end it, or: COMMIT PREPARED or ROLLBACK PREPARED with that name."
        return Examination(_SUBJECT, Level.FAULT, found, advice)
    if row["pid"] is None:
        found = f"a prepared transaction of another user has not ended {since}; {lag}"
        return Examination(_SUBJECT, Level.FAULT, found, "Look into pg_prepared_xacts as a superuser.")
    who = f"{row['application_name']!r} ({row['username']} from {row['client']}, {row['state'] or 'state hidden'})"
    found = f"the session with pid {row['pid']}, {who}, has not ended its transaction {since}; {lag}"
    advice = f"Find out what it waits for, or end it: SELECT pg_terminate_backend({row['pid']})."
    return Examination(_SUBJECT, Level.FAULT, found, advice)
