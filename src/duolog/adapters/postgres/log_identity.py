"""What a log is called: by position tokens, and by whoever keeps a checkpoint outside of the database.

The name changes with the server's incarnation (its system identifier and timeline): after a restore, or when a standby
took over, events may be lost that were read before. A log that was received keeps the name that it came with, for as
long as the server stays the one that received it.
"""

import hashlib
from typing import Any

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.sql_files import load_sql
from duolog.database.transfer import LogIdentity


async def read_identity(connection: Connection, schema: str) -> LogIdentity:
    """Return the log's name, and the check value of its secret.

    Raises:
        asyncpg.PostgresError: the database failed.
    """
    row: Any = await connection.fetchrow(load_sql("read_identity", schema))
    incarnation = row["incarnation"]
    if row["received_in"] == incarnation:
        return LogIdentity(row["received_name"], row["secret_check"])
    base = row["received_name"] or row["log_id"]
    name = hashlib.sha256(f"{base} {incarnation}".encode()).hexdigest()[:32]
    return LogIdentity(name, row["secret_check"])


async def take_identity(connection: Connection, schema: str, identity: LogIdentity) -> None:
    """Give the log here the name of one that comes, in the open transaction."""
    row: Any = await connection.fetchrow(load_sql("read_identity", schema))
    await forget_identity(connection, schema)
    await connection.execute(load_sql("take_name", schema), identity.log_id, row["incarnation"])
    if identity.secret_check:
        await connection.execute(load_sql("keep_secret_check", schema), identity.secret_check)


async def forget_identity(connection: Connection, schema: str) -> None:
    """Make the log here another one, with no secret, in the open transaction."""
    await connection.execute(load_sql("forget_identity", schema))
