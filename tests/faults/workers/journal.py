"""A journal that the database itself keeps of every move of a checkpoint, whoever makes it, and what it must show."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Protocol

import asyncpg

from tests.faults.experiment import Experiment

_POSTGRES = """
CREATE TABLE moves (
    number bigserial PRIMARY KEY, share text, token bigint, granted bigint, old_position bigint, new_position bigint
);
CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO moves (share, token, granted, old_position, new_position) VALUES (
        NEW.subscription || ' ' || NEW.generation || ' ' || NEW.lo, NEW.token,
        (SELECT token FROM "duolog".leases AS held WHERE (held.subscription, held.generation, held.lo)
            = (NEW.subscription, NEW.generation, NEW.lo)),
        OLD.position, NEW.position
    );
    RETURN NULL;
END
$$;
CREATE TRIGGER note_move AFTER UPDATE ON "duolog".checkpoints
    FOR EACH ROW WHEN (OLD.position <> NEW.position) EXECUTE FUNCTION note_move();
"""
_SQLITE = """
CREATE TABLE moves (
    number INTEGER PRIMARY KEY AUTOINCREMENT, share TEXT, token INTEGER, granted INTEGER, old_position INTEGER,
    new_position INTEGER
);
CREATE TRIGGER note_move AFTER UPDATE ON duolog_checkpoints WHEN OLD.position <> NEW.position
BEGIN
    INSERT INTO moves (share, token, granted, old_position, new_position) VALUES (
        NEW.subscription || ' ' || NEW.generation || ' ' || NEW.lo, NEW.token,
        (SELECT token FROM duolog_leases AS held WHERE (held.subscription, held.generation, held.lo)
            = (NEW.subscription, NEW.generation, NEW.lo)),
        OLD.position, NEW.position
    );
END
"""
_MOVES = "SELECT share, token, granted, old_position, new_position FROM moves ORDER BY number"


class PlainDatabase(Protocol):
    """A database, with plain SQL and nothing of duolog between."""

    async def keep_journal(self) -> None:
        """Note every move of a checkpoint from now on."""
        ...

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """Read; ``{events}`` stands for the events' table."""
        ...


class PlainPostgres:
    """A `PlainDatabase` on a server."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def keep_journal(self) -> None:
        """As `PlainDatabase.keep_journal`."""
        connection = await asyncpg.connect(self._url)
        await connection.execute(_POSTGRES)
        await connection.close()

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """As `PlainDatabase.rows`."""
        connection = await asyncpg.connect(self._url)
        try:
            return [tuple(row) for row in await connection.fetch(sql.format(events='"duolog".events'))]
        finally:
            await connection.close()


class PlainSqlite:
    """A `PlainDatabase` in a file."""

    def __init__(self, url: str) -> None:
        self._path = url.removeprefix("sqlite:///")

    async def keep_journal(self) -> None:
        """As `PlainDatabase.keep_journal`."""
        with closing(sqlite3.connect(self._path)) as connection:
            connection.executescript(_SQLITE)

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """As `PlainDatabase.rows`."""
        return await asyncio.to_thread(self._rows, sql)

    def _rows(self, sql: str) -> Sequence[Sequence[Any]]:
        with closing(sqlite3.connect(self._path, timeout=30)) as connection:
            return connection.execute(sql.format(events="duolog_events")).fetchall()


def plain(url: str) -> PlainDatabase:
    """Return the database with plain SQL."""
    return PlainSqlite(url) if url.startswith("sqlite") else PlainPostgres(url)


async def check_journal(database: PlainDatabase, experiment: Experiment) -> int:
    """See that nobody moved a checkpoint whose share was somebody else's, and that no move is missing.

    Returns:
        How many moves there were.
    """
    last: dict[str, tuple[int, int]] = {}
    moves = await database.rows(_MOVES)
    for share, token, granted, old, new in moves:
        experiment.expect(token >= granted, f"{share}: a zombie with token {token} wrote, and {granted} was given out")
        before, position = last.get(share, (0, old))
        experiment.expect(token >= before, f"{share}: token {token} wrote after token {before}")
        experiment.expect(old == position and new > old, f"{share}: moved from {old} to {new}, and was at {position}")
        last[share] = token, new
    return len(moves)
