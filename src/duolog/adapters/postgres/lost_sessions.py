"""Sessions whose connection was lost in a call: what they were doing must have ended before anybody looks for it.

A look-up right after the loss may say "absent" and be wrong a moment later: the call may still run, and it may even not
have begun, its bytes waiting in the server's socket. So the session itself is ended, by its process and the time that
it began, and once the server does not list it any more, its transaction was committed or rolled back for good.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from weakref import WeakKeyDictionary

from duolog.adapters.postgres.connecting import Connection
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import DatabaseError

PATIENCE: Final = 15.0
_PAUSE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the server.

    Attributes:
        pid: its process.
        began: when it began, by the server's clock: a process id may be used again.
    """

    pid: int
    began: datetime


class LostSessions:
    """Remembers lost sessions until they are known to have ended.

    Args:
        connections: where to look from.
    """

    __slots__ = ("_connections", "_end", "_identify", "_lock", "_lost", "_poolers", "_sessions", "_timeline", "_which")

    def __init__(self, connections: Connections) -> None:
        schema = connections.location.schema
        self._connections = connections
        self._identify = load_sql("identify_session", schema)
        self._end = load_sql("end_session", schema)
        self._which = load_sql("timeline", schema)
        self._sessions: WeakKeyDictionary[Connection, Session | None] = WeakKeyDictionary()
        self._lost: set[Session | None] = set()
        self._timeline = ""
        self._lock = asyncio.Lock()

    def expect_timeline(self, timeline: str) -> None:
        """Say on which timeline the sessions are."""
        self._timeline = timeline

    async def identify(self, connection: Connection) -> Session | None:
        """Return which session a connection is; None behind a pooler, where it is another one each time.

        Raises:
            DRIVER_ERRORS: the connection failed.
        """
        if connection in self._sessions:
            return self._sessions[connection]
        session: Session | None = None
        if self._connections.location.prepared_statements:
            row = await connection.fetchrow(self._identify)
            # A pooler makes up process ids of its own.
            if row is not None and row["pid"] == connection.get_server_pid():
                session = Session(row["pid"], row["backend_start"])
        self._sessions[connection] = session
        return session

    def remember(self, session: Session | None) -> None:
        """Remember that a session was lost in a call."""
        self._lost.add(session)

    async def settle(self) -> None:
        """End all lost sessions, and wait until they have ended.

        Raises:
            DatabaseError: that cannot be told: the server does not answer, a pooler hides the session, or another
                server has taken over, which may lack what the former one committed.
        """
        async with self._lock:
            for session in tuple(self._lost):
                if session is None:
                    self._lost.discard(session)
                    message = "behind a pooler it cannot be told when a lost session ends"
                    raise DatabaseError(message, hint="Look whether it was recorded, after a while.")
                await self._end_session(session)
                self._lost.discard(session)

    async def _end_session(self, session: Session) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while await self._is_there(session):  # noqa: ASYNC110 - the server has no signal for it
                    await asyncio.sleep(_PAUSE)
        except TimeoutError:
            message = f"a lost session did not end within {PATIENCE:g} s"
            raise DatabaseError(message, hint="`duolog doctor` shows it.") from None

    async def _is_there(self, session: Session) -> bool:
        async with self._connections.use() as connection:
            if await connection.fetchval(self._which) != self._timeline:
                message = "another server has taken over; it may lack what the former one has committed"
                raise DatabaseError(message, hint="Look whether it was recorded before you send it again.")
            return bool(await connection.fetch(self._end, session.pid, session.began))
