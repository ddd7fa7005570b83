"""Opening one connection: its limits, its keepalives and what the server calls it."""

import math
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeAlias

import asyncpg

from duolog.adapters.postgres.errors import DRIVER_ERRORS, database_error
from duolog.adapters.postgres.location import Location
from duolog.errors import ConfigurationError

Connection: TypeAlias = asyncpg.Connection
"""The driver's connection; everything in it may raise `DRIVER_ERRORS`."""

CACHED_STATEMENTS: Final = 512
_MILLISECONDS: Final = 1_000
_POOLER: Final = "unsupported startup parameter"  # as PgBouncer says it


async def connect(location: Location, *, read_only: bool = False) -> Connection:
    """Open a connection.

    Behind a pooler nothing is set for the session, which others will use too: `transactions.begin` sets the limits
    for each transaction then.

    Args:
        location: what to connect to.
        read_only: the session refuses to write.

    Raises:
        ConfigurationError: the URL's options for the driver are wrong, or a pooler is there that it says nothing of.
        DatabaseError: the server cannot be reached, or refuses.
    """
    settings = {"application_name": location.application_name}
    if location.prepared_statements:
        settings |= {
            "statement_timeout": str(location.statement_timeout),
            "lock_timeout": str(location.lock_timeout),
            "idle_in_transaction_session_timeout": str(location.idle_in_transaction_timeout),
            "default_transaction_read_only": "on" if read_only else "off",
            "default_transaction_isolation": "read committed",  # the fence and conditions need it, see the-fence.md
        }
    patience = location.statement_timeout
    try:
        connection = await asyncpg.connect(
            location.dsn,
            timeout=location.connect_timeout / _MILLISECONDS,
            # The server ends a statement itself; this is for one that does not answer at all.
            command_timeout=(patience + location.answer_timeout) / _MILLISECONDS if patience else None,
            statement_cache_size=CACHED_STATEMENTS if location.prepared_statements else 0,
            server_settings=settings,
        )
    except (asyncpg.ClientConfigurationError, ValueError):
        message = "the options of the database URL do not fit together"
        raise ConfigurationError(message, hint="Check host, port and the ssl... options.") from None
    except DRIVER_ERRORS as error:
        if _POOLER in str(error):
            message = "a pooler stands before the server, and refuses settings of a session"
            raise ConfigurationError(message, hint="Put prepared_statements=off in the URL.") from None
        raise database_error(error) from None
    _keep_alive(connection, location.answer_timeout)
    return connection


def _keep_alive(connection: Connection, milliseconds: int) -> None:
    # The driver has no option for it. Event loops give out sockets of their own kinds, hence the copy of its number.
    transport = getattr(connection, "_transport", None)
    given = None if transport is None else transport.get_extra_info("socket")
    if given is None or given.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    with socket.fromfd(given.fileno(), given.family, given.type) as copy:
        for level, name, value in _socket_options(milliseconds):
            option = getattr(socket, name, None)  # not every system has all of them
            if option is not None:
                with suppress(OSError):  # a host that knows a limit may still forbid it
                    copy.setsockopt(level, option, value)


def _socket_options(milliseconds: int) -> Sequence[tuple[int, str, int]]:
    """Let a connection whose other end is gone be noticed, soon after something was sent, else in three times that."""
    seconds = math.ceil(milliseconds / _MILLISECONDS)
    return (
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", seconds),
        (socket.IPPROTO_TCP, "TCP_KEEPINTVL", math.ceil(seconds / 3)),
        (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", milliseconds),
    )
