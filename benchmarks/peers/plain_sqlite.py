"""A table of events without any library around it, and one INSERT a transaction: what the disk and SQLite allow.

Journal and ``synchronous`` are duolog's. The connection is in autocommit mode, so that an INSERT is one call; that is
the fastest way to use aiosqlite as well (https://aiosqlite.omnilib.dev/en/stable/), which runs each call on its thread.
"""

import itertools
import time
from typing import Final

from benchmarks.workloads.accounts import opened
from duolog.codec.event_codec import EventCodec
from duolog.ids import uuid7

SETTINGS: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL")
TABLE: Final = """
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    event_id BLOB NOT NULL UNIQUE,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (stream, version)
)
"""
INSERT: Final = """
INSERT INTO events (stream, version, event_id, type, data, metadata, recorded_at) VALUES (?, 1, ?, ?, ?, '{}', ?)
"""

Row = tuple[str, bytes, str, str, int]


class Rows:
    """Rows to insert, whose payload is encoded once: what is measured is the database."""

    def __init__(self, codec: EventCodec) -> None:
        self._numbers = itertools.count(1)
        self._event = codec.encode(opened(uuid7()))
        self._data = self._event.data.decode()

    def next(self) -> Row:
        stream = f"account-{uuid7()}"
        return stream, uuid7().bytes, self._event.type, self._data, time.time_ns() // 1_000
