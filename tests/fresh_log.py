"""A log that its migrations have just made, again and again: several times faster than to migrate one for each test."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from duolog.container.databases import open_database
from duolog.errors import DatabaseError
from duolog.testing.servers import PostgresDatabases

_RENEW: Final = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
SCHEMA: Final = Path(__file__).with_name("log_schema.sql").read_text(encoding="utf-8")


class FreshLog:
    """A database of its own on a server, whose log is as its migrations left it whenever it is asked for.

    It is brought back there if that is what comes out: if a test has changed the schema itself, or anything else that
    emptying does not undo, it gets a new database.

    Args:
        databases: those of the server.
    """

    def __init__(self, databases: PostgresDatabases) -> None:
        self._databases = databases
        self._database = ExitStack()
        self._url = ""
        self._schema = ""

    def __enter__(self) -> Self:
        """Make nothing before it is asked for."""
        return self

    def __exit__(
        self, error: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Drop the database."""
        self._database.close()

    def url(self) -> str:
        """Return the URL of the log, which nobody has written to; whoever had it before has lost it."""
        if not (self._url and self._renewed()):
            self._database.close()
            self._url = ""  # for who asks again after the next lines have failed
            url = self._database.enter_context(self._databases.new_database())
            with ThreadPoolExecutor(1) as thread:  # an event loop may be running in this one
                thread.submit(asyncio.run, _migrate(url)).result()
            self._schema = self._run(url, SCHEMA)
            self._url = url
        return self._url

    def _renewed(self) -> bool:
        try:
            return self._run(self._url, _RENEW + SCHEMA).splitlines()[-1] == self._schema
        except DatabaseError:
            return False

    def _run(self, url: str, sql: str) -> str:
        return self._databases.run_sql(sql, database=urlsplit(url).path.removeprefix("/"))


async def _migrate(url: str) -> None:
    database = open_database(url)
    await database.open()
    await database.close()
