"""Pauses."""

import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Final

from duolog.adapters.sqlite.readers import Readers
from duolog.adapters.sqlite.sql_files import load_sql
from duolog.adapters.sqlite.units import Action
from duolog.adapters.sqlite.writer import Writer
from duolog.subscriptions.pauses import Pause

_READ: Final = load_sql("read_pauses")
_PAUSE: Final = load_sql("pause")
_RESUME: Final = load_sql("resume")


class SqlitePauses:
    """A `Pauses`.

    Args:
        writer: writes, in its thread.
        readers: where connections for reading come from.
    """

    __slots__ = ("_readers", "_writer")

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def read(self) -> Mapping[str, Pause]:
        """Return all pauses, by subscription."""
        rows = await self._readers.run(lambda connection: connection.execute(_READ).fetchall())
        return {name: Pause(by, since) for name, by, since in rows}

    async def pause(self, subscription: str, *, by: str) -> None:
        """Pause a subscription; see `Pauses.pause`."""
        await self._write(_PAUSE, {"subscription": subscription, "by": by, "now": time.time_ns() // 1_000})

    async def resume(self, subscription: str) -> None:
        """Let a subscription go on."""
        await self._write(_RESUME, {"subscription": subscription})

    async def _write(self, sql: str, values: dict[str, Any]) -> None:
        def write(connection: sqlite3.Connection) -> None:
            connection.execute(sql, values)

        await self._writer.run(Action(write))
