"""Beginning and ending transactions, each in one round trip."""

import asyncio
import math
from contextlib import suppress
from typing import Final

import asyncpg

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error, is_connection_lost
from duolog.adapters.postgres.location import Location
from duolog.dispatch.shield import shielded
from duolog.errors import DatabaseError, OutcomeUnknownError

TIDY_SECONDS: Final = 5.0

_SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"  # and what may be written, the session says


def begin(location: Location, *, snapshot: bool = False, seconds: float | None = None, idle: int | None = None) -> str:
    """Return the SQL that begins a transaction, to be sent by ``connection.execute`` without values.

    Args:
        location: says which limits hold, and whether they must be set anew for each transaction.
        snapshot: one snapshot for all its statements, read only; otherwise each statement sees what is committed.
        seconds: time limit of one statement; None for that of the location.
        idle: how long the transaction may wait for its next statement, in milliseconds; None for the location's limit.
    """
    settings: dict[str, int] = {}
    if not location.prepared_statements:
        settings = {
            "statement_timeout": location.statement_timeout,
            "lock_timeout": location.lock_timeout,
            "idle_in_transaction_session_timeout": location.idle_in_transaction_timeout,
        }
    if seconds is not None:
        settings["statement_timeout"] = max(1, math.ceil(seconds * 1_000))
    if idle is not None:
        settings["idle_in_transaction_session_timeout"] = idle
    return "; ".join(
        [_SNAPSHOT if snapshot else _WRITING, *(f"SET LOCAL {name} = {value}" for name, value in settings.items())]
    )


async def commit(connection: Connection) -> None:
    """Commit the open transaction.

    Raises:
        OutcomeUnknownError: the connection was lost, or nobody answered; it may have been committed.
        ConstraintViolationError: a deferred constraint broke; nothing was changed.
        DatabaseError: it was rolled back.
    """
    try:
        status = await connection.execute("COMMIT")
    except DRIVER_ERRORS as error:
        if is_connection_lost(error):
            message = "the connection was lost in the commit"
            raise OutcomeUnknownError(message, hint="Look whether it happened before you send it again.") from None
        raise database_error(error) from None
    if status != "COMMIT":  # the server answers so where a statement had failed before
        message = "the transaction was rolled back: an earlier statement of it had failed"
        raise DatabaseError(message)


async def roll_back(connection: Connection) -> None:
    """Roll back the open transaction; a connection that cannot do that is cut off, which rolls back too."""
    if connection.is_closed():
        return
    try:
        await connection.execute("ROLLBACK")
    except DRIVER_ERRORS:
        connection.terminate()


async def leave_transaction(connection: Connection, *, doubtful: bool) -> None:
    """Bring a connection out of its transaction, also when the caller is cancelled meanwhile.

    A connection that does not come out of it in time is cut off, which rolls back too.

    Args:
        connection: an open connection.
        doubtful: a statement was interrupted, so that the session must be asked whether it is in a transaction.

    Raises:
        asyncio.CancelledError: the caller was cancelled; the connection is out of the transaction, or cut off.
    """
    if not doubtful:
        try:
            await connection.execute("ROLLBACK")
        except DRIVER_ERRORS:
            pass
        except asyncio.CancelledError:
            await shielded(_tidy(connection))
            raise
        else:
            return
    await shielded(_tidy(connection))


async def _tidy(connection: Connection) -> None:
    try:
        async with asyncio.timeout(TIDY_SECONDS):
            if not connection.is_in_transaction():
                with suppress(asyncpg.PostgresError):
                    await connection.execute("SELECT")  # the answer says in which state the session is
            if connection.is_in_transaction():
                await connection.execute("ROLLBACK")
    except DRIVER_ERRORS:
        connection.terminate()
