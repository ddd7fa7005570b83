"""A log that its migrations have just made, again and again: several times faster than to migrate one for each test."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import asyncpg

from duolog.container.databases import open_database
from duolog.testing.servers import PostgresDatabases

SESSION: Final = "fresh log"
"""The application name of the session that renews, for who looks at a database's sessions."""
SCHEMA: Final = Path(__file__).with_name("log_schema.sql").read_text(encoding="utf-8")
_RENEW: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
_SECONDS: Final = 30.0
_T = TypeVar("_T")


class FreshLog:
    """A database of its own on a server, whose log is as its migrations left it whenever it is asked for.

    It is brought back there if that is what comes out: if a test has changed the schema itself, or anything else that
    emptying does not undo, it gets a new database. One session does this for all tests, which neither starts a program
    nor plans its statements for each of them.

    Args:
        databases: those of the server.
    """

    def __init__(self, databases: PostgresDatabases) -> None:
        self._databases = databases
        self._stack = ExitStack()
        self._database = ExitStack()
        self._url = ""
        self._schema = ""
        self._session: asyncpg.Connection | None = None
        self._loop = asyncio.new_event_loop()  # an event loop may be running in the thread that asks

    def __enter__(self) -> Self:
        """Make nothing in the server before it is asked for."""
        thread = threading.Thread(target=self._loop.run_forever, name=SESSION, daemon=True)
        thread.start()
        self._stack.callback(self._loop.close)
        self._stack.callback(thread.join)
        self._stack.callback(self._loop.call_soon_threadsafe, self._loop.stop)
        self._stack.callback(self._drop)
        return self

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop the database."""
        self._stack.close()

    def url(self) -> str:
        """Return the URL of the log, which nobody has written to; whoever had it before has lost it."""
        if not (self._url and self._wait(self._renewed())):
            self._drop()
            url = self._database.enter_context(self._databases.new_database())
            self._schema = self._wait(self._made(url))
            self._url = url
        return self._url

    def _drop(self) -> None:
        self._url = ""  # for who asks again after the next lines have failed
        self._wait(self._disconnect())
        self._database.close()

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    async def _made(self, url: str) -> str:
        database = open_database(url)
        await database.open()
        await database.close()
        return await self._read_schema(await self._connect(url))

    async def _renewed(self) -> bool:
        try:
            session = self._session
            if session is None or session.is_closed():
                session = await self._connect(self._url)
            await session.execute(_RENEW)
            return await self._read_schema(session) == self._schema
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # also if the session was ended meanwhile
            return False

    async def _read_schema(self, session: asyncpg.Connection) -> str:
        return str(await session.fetchval(SCHEMA))

    async def _connect(self, url: str) -> asyncpg.Connection:
        settings = {"application_name": SESSION}
        self._session = await asyncpg.connect(url, server_settings=settings, timeout=_SECONDS)
        return self._session

    async def _disconnect(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await session.close(timeout=_SECONDS)
