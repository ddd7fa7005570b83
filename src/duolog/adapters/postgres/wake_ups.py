"""Wake-ups between processes: a coalesced NOTIFY after commits, and a connection that listens for those of others.

They are hints. A NOTIFY inside the appending transaction would make all commits of the server take turns, so it is
sent from a transaction of its own, 20 times a second at most; and it may get lost, so a poll stands behind it.
"""

import asyncio
import logging
import time
import zlib
from collections.abc import Callable
from typing import Final
from uuid import uuid4

from duolog.adapters.postgres.connecting import Connection, connect
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.errors import DRIVER_ERRORS
from duolog.errors import DuologError

NOTIFY_SECONDS: Final = 0.05
RECONNECT_SECONDS: Final = 1.0

# A hint that is lost in a crash of the server is no loss, so nobody waits for the disk on its behalf.
_NOTIFY: Final = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"

_log = logging.getLogger(__name__)


class WakeUps:
    """Tells other processes that there may be something new, and hears it from them.

    Args:
        connections: where a NOTIFY is sent.
        on_wake: called when another process says so, or when it may have been missed.
    """

    __slots__ = (
        "_channel", "_closed", "_connecting", "_connections", "_due", "_listener", "_on_wake", "_self", "_sender",
        "_tried_at",
    )  # fmt: skip

    def __init__(self, connections: Connections, on_wake: Callable[[], None]) -> None:
        self._connections = connections
        self._on_wake = on_wake
        # A channel's name is no longer than a schema's, so the schema is hashed into it.
        self._channel = f"duolog_{zlib.crc32(connections.location.schema.encode()):08x}"
        self._self = uuid4().hex
        self._due = False
        self._sender: asyncio.Task[None] | None = None
        self._listener: Connection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tried_at = -RECONNECT_SECONDS
        self._closed = False

    @property
    def is_listening(self) -> bool:
        """Whether a connection listens."""
        return self._listener is not None and not self._listener.is_closed()

    def announce(self) -> None:
        """Tell other processes soon that something was committed."""
        self._due = True
        if self._sender is None and not self._closed:
            self._sender = asyncio.create_task(self._send(), name="duolog-postgres-notify")

    def keep_listening(self) -> None:
        """See that a connection listens; a dead one is replaced in the background."""
        # A pooler that gives every transaction another session cannot listen.
        if self._closed or self.is_listening or not self._connections.location.prepared_statements:
            return
        now = time.monotonic()
        if self._connecting is None and now - self._tried_at >= RECONNECT_SECONDS:
            self._tried_at = now
            self._connecting = asyncio.create_task(self._listen(), name="duolog-postgres-listen")

    async def close(self) -> None:
        """Stop telling and listening. May be called twice."""
        self._closed = True
        tasks = [task for task in (self._sender, self._connecting) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._listener is not None:
            self._listener.terminate()

    async def _send(self) -> None:
        try:
            while self._due:
                self._due = False
                try:
                    async with self._connections.use() as connection:
                        await connection.execute(_NOTIFY, self._channel, self._self)
                except DuologError:
                    _log.debug("other processes were not woken; they poll", exc_info=True)
                await asyncio.sleep(NOTIFY_SECONDS)
        finally:
            self._sender = None

    async def _listen(self) -> None:
        try:
            connection = await connect(self._connections.location)
            try:
                await connection.add_listener(self._channel, self._heard)
            except BaseException:
                connection.terminate()
                raise
            self._listener = connection
            self._on_wake()  # something may have come while nobody listened
        except (DuologError, *DRIVER_ERRORS):
            _log.debug("nobody listens for other processes; the log is polled", exc_info=True)
        finally:
            self._connecting = None

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        if payload != self._self:
            self._on_wake()
