"""Which idempotency keys are being executed, told to other processes by advisory locks of one session.

Locks of a session are held over no transaction and in no connection of the pool, they write nothing, and they are gone
as soon as the process is. They are hints: the unique key in the command's own transaction is the guarantee. So whatever
goes wrong with the session lets commands go on without them.
"""

import asyncio
import hashlib
import logging
import time
from typing import Final

from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.errors import DRIVER_ERRORS
from duolog.adapters.postgres.location import Location
from duolog.adapters.postgres.sql_files import load_sql
from duolog.errors import DuologError
from duolog.write.idempotency import IdempotencyScope

MOST_LOCKS: Final = 256  # of the server's lock table, which has room for some thousands, and which all sessions share
RETRY_SECONDS: Final = 1.0

# The server drops the session of a machine that fell silent after half a minute, and its locks with it; by default that
# takes it two hours. An administrator's limit for idle sessions does not concern one that holds locks.
_SET_UP: Final = """
SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
SET idle_session_timeout = 0
"""

_log = logging.getLogger(__name__)

_Name = tuple[IdempotencyScope, str]


class HeldKeys:
    """The keys that this process executes. Between two of its objects one key is held once, in one process too.

    What is asked for while a call is under way goes with the next one, so that any number of keys costs few calls.

    Args:
        location: what to connect to; the connection is made for the first key.
    """

    __slots__ = ("_closed", "_connection", "_held", "_location", "_past", "_sender", "_sql", "_tried_at", "_waiting")

    def __init__(self, location: Location) -> None:
        self._location = location
        self._sql = load_sql("turn_key_locks", location.schema)
        self._held: dict[_Name, int | None] = {}  # with its lock; None for one that is not told
        self._waiting: list[tuple[int, asyncio.Future[bool | None]]] = []
        self._past: list[int] = []
        self._connection: Connection | None = None
        self._sender: asyncio.Task[None] | None = None
        self._tried_at = -RETRY_SECONDS
        self._closed = False

    async def hold(self, scope: IdempotencyScope, key: str) -> bool:
        """Try to hold a key; see `IdempotencyStore.hold`."""
        name = (scope, key)
        if name in self._held:
            return False
        self._held[name] = None
        if self._is_silent():
            return True
        lock = _lock_of(self._location.schema, scope, key)
        answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((lock, answer))
        self._send_soon()
        try:
            got = await answer
        except asyncio.CancelledError:
            del self._held[name]
            if answer.done() and not answer.cancelled() and answer.result():
                self._let_go(lock)
            raise
        if got is False:
            del self._held[name]
            return False
        self._held[name] = lock if got else None
        return True

    def let_go(self, scope: IdempotencyScope, key: str) -> None:
        """Let a key go, soon; see `IdempotencyStore.let_go`."""
        lock = self._held.pop((scope, key), None)
        if lock is not None:
            self._let_go(lock)

    async def close(self) -> None:
        """Let all keys go. May be called twice."""
        self._closed = True
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.wait((self._sender,))
        self._drop()

    def _is_silent(self) -> bool:
        """Whether others are not told now."""
        if self._closed or not self._location.prepared_statements:  # a pooler's sessions are everybody's
            return True
        if len(self._held) > MOST_LOCKS:
            return True
        is_lost = self._connection is None or self._connection.is_closed()
        return is_lost and self._sender is None and time.monotonic() - self._tried_at < RETRY_SECONDS

    def _let_go(self, lock: int) -> None:
        if self._connection is not None:  # else it went with its session
            self._past.append(lock)
            self._send_soon()

    def _send_soon(self) -> None:
        if self._sender is None and not self._closed:
            self._sender = asyncio.create_task(self._send(), name="duolog-postgres-keys")

    async def _send(self) -> None:
        waiting: list[tuple[int, asyncio.Future[bool | None]]] = []
        try:
            while self._waiting or self._past:
                connection = await self._connected()
                waiting, self._waiting = [each for each in self._waiting if not each[1].done()], []
                past, self._past = self._past, []
                row = await connection.fetchrow(self._sql, [lock for lock, _ in waiting], past)
                assert row is not None  # noqa: S101 - a SELECT without FROM has one row
                for (lock, answer), got in zip(waiting, row["got"], strict=True):
                    if not answer.done():
                        answer.set_result(got)
                    elif got:
                        self._past.append(lock)  # whoever asked was cancelled
                waiting = []
        except (DuologError, *DRIVER_ERRORS):
            _log.debug("other processes are not told which keys are in flight", exc_info=True)
            self._drop()
        finally:
            self._sender = None
            for _, answer in (*waiting, *self._waiting):
                if not answer.done():
                    answer.set_result(None)
            self._waiting = []

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.is_closed():
            self._drop()
            self._tried_at = time.monotonic()
            connection = await connect(self._location)
            try:
                await connection.execute(_SET_UP)
            except BaseException:
                connection.terminate()
                raise
            self._connection = connection
        return self._connection

    def _drop(self) -> None:
        """End the session; all its locks are gone."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        self._past = []
        self._held = dict.fromkeys(self._held)


def _lock_of(schema: str, scope: IdempotencyScope, key: str) -> int:
    """Return the lock of a key: 64 bits, so that two keys in flight never share one in practice."""
    text = f"duolog key\0{schema}\0{scope.tenant}\0{scope.actor}\0{scope.operation}\0{key}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)
