"""Looking at a PostgreSQL server and a database in it: software, settings, clock and schema."""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import asyncpg

from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.errors import DRIVER_ERRORS, reported
from duolog.adapters.postgres.location import Location
from duolog.adapters.postgres.lock_waits import lock_waits
from duolog.adapters.postgres.migrations import pending
from duolog.adapters.postgres.sql_files import load_sql
from duolog.adapters.postgres.stuck_appenders import stuck_appenders
from duolog.adapters.postgres.transfer import read_state
from duolog.database.closed_log import examine_log
from duolog.database.examination import Examination, Level
from duolog.errors import DuologError

_OLDEST: Final = 15
_NEWEST: Final = 18
_MEBIBYTE: Final = 1_048_576
_SKEW_SECONDS: Final = 5.0
_CROWDED: Final = 0.9
_STUCK_SECONDS: Final = 5.0  # an append takes some milliseconds


async def examine(location: Location) -> AsyncIterator[Examination]:
    """Examine a database over a connection of its own; nothing is written."""
    began = time.time()
    try:
        connection = await connect(location, read_only=True)
    except DuologError as error:
        yield Examination("database", Level.FAULT, error.message, error.hint or "Check the URL and the server.")
        return
    try:
        with reported():
            row = await connection.fetchrow(load_sql("examine", location.schema))
        if row is not None:
            yield _software(row)
            yield _role(row)
            yield _durability(row)
            yield _clock(row["now"], began, time.time())
            yield _sessions(row)
            yield _room(row)
        schema = await _schema(connection, location.schema)
        yield schema
        if schema.level is Level.WELL:
            with reported():
                yield examine_log(await read_state(connection, location.schema), location.url)
                async for stuck in stuck_appenders(connection, location.schema, seconds=_STUCK_SECONDS):
                    yield stuck
                async for waiting in lock_waits(connection, location.schema, seconds=_STUCK_SECONDS):
                    yield waiting
    except DuologError as error:
        yield Examination("database", Level.FAULT, error.message, error.hint or "Look into the server's log.")
    finally:
        with suppress(*DRIVER_ERRORS):
            await connection.close(timeout=1)


def _software(row: asyncpg.Record) -> Examination:
    version, major = str(row["version"]), int(row["version_number"]) // 10_000
    if major < _OLDEST:
        return Examination("PostgreSQL version", Level.FAULT, version, f"Use {_OLDEST} to {_NEWEST}.")
    if major > _NEWEST:
        found = f"{version} is newer than this release was tested with"
        return Examination("PostgreSQL version", Level.RISK, found, f"Use {_OLDEST} to {_NEWEST}, or upgrade duolog.")
    return Examination("PostgreSQL version", Level.WELL, version)


def _role(row: asyncpg.Record) -> Examination:
    if row["is_standby"]:
        return Examination("role", Level.FAULT, "it is a standby, which cannot write", "Name the primary in the URL.")
    return Examination("role", Level.WELL, "it is a primary")


def _durability(row: asyncpg.Record) -> Examination:
    off = [name for name in ("fsync", "full_page_writes") if row[name] == "off"]
    if off:
        found = f"{' and '.join(off)} is off: a power cut can damage the whole database"
        return Examination("durability", Level.FAULT, found, "Set it to on; this is for throw-away servers only.")
    if row["synchronous_commit"] == "off":
        found = "synchronous_commit is off: duolog sets it to on when it appends, other commits may be lost"
        return Examination("durability", Level.RISK, found, "Set it to on for this database.")
    return Examination("durability", Level.WELL, f"synchronous_commit is {row['synchronous_commit']}")


def _clock(server: float, began: float, ended: float) -> Examination:
    skew = max(began - server, server - ended, 0.0)
    if skew > _SKEW_SECONDS:
        found = f"the server's clock and this machine's are {skew:.1f} s apart; the server's decides"
        return Examination("clock", Level.RISK, found, "Let both follow one time server.")
    return Examination("clock", Level.WELL, "the server's clock agrees with this machine's")


def _sessions(row: asyncpg.Record) -> Examination:
    used, most = int(row["sessions"]), int(row["most_sessions"])
    found = f"{used} of {most} sessions are in use"
    if used > _CROWDED * most:
        return Examination("sessions", Level.RISK, found, "Lower `pool_max`, raise max_connections, or use a pooler.")
    return Examination("sessions", Level.WELL, found)


def _room(row: asyncpg.Record) -> Examination:
    found = f"the database has {int(row['size']) // _MEBIBYTE:,} MiB; the server does not tell how much is free"
    return Examination("disk space", Level.WELL, found)


async def _schema(connection: Connection, schema: str) -> Examination:
    missing = [step.name for step in await pending(connection, schema)]
    if missing:
        found = f"migrations are pending: {', '.join(missing)}"
        return Examination("schema", Level.FAULT, found, "`duolog migrate` applies them.")
    return Examination("schema", Level.WELL, "that of this release")
