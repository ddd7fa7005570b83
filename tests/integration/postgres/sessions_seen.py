"""What the server says of a test's sessions."""

import asyncio
from collections.abc import Callable, Sequence

from asyncpg import Record

from duolog.adapters.postgres.connections import Connections

_SESSIONS = """
    SELECT state, query FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


async def states(observer: Connections) -> list[str]:
    """Return the states of all other sessions of the database; those that are only being opened have none."""
    return sorted(row["state"] for row in await observer.fetch(_SESSIONS) if row["state"])


async def until_running(observer: Connections, query: str) -> None:
    """Wait until a session runs a statement that contains ``query``."""

    def is_running(rows: Sequence[Record]) -> bool:
        return any(row["state"] == "active" and query in row["query"] for row in rows)

    await _until(observer, is_running)


async def until_all_are(observer: Connections, state: str) -> None:
    """Wait until all other sessions are in a state."""
    await _until(observer, lambda rows: all(row["state"] == state for row in rows))


async def until_gone(observer: Connections) -> None:
    """Wait until there are no other sessions."""
    await _until(observer, lambda rows: not rows)


async def _until(observer: Connections, is_so: Callable[[Sequence[Record]], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so(await observer.fetch(_SESSIONS)):  # noqa: ASYNC110 - the server does not tell by itself
            await asyncio.sleep(0.005)
