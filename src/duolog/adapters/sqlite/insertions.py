"""Rows of the log written many at once.

Every step of a statement gives the interpreter's lock away and waits for it again, and the event loop wants it as
much. One statement for many rows is one step; it is also less work for SQLite.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final, TypeVar

from duolog.adapters.sqlite.sql_files import load_sql
from duolog.eventstore.appends import Appended
from duolog.eventstore.streams import partition_of
from duolog.messages.envelope import NewEvent

T = TypeVar("T")

Row = tuple[str, str, int, bytes, str, int, str, int, str, str, int]

_INSERT: Final = load_sql("insert_event")
_COUNT_VERSIONS: Final = load_sql("count_versions")
_VERSION: Final = "(?, ?, ?)"
_NO_TAGS: Final = "[]"
_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Insertion:
    """One event without tags that is to be the next of its stream.

    Attributes:
        tenant: whose stream it is.
        stream: the stream's name.
        after: the version that the stream has before; 0 if it has no events.
        event: the event.
    """

    tenant: str
    stream: str
    after: int
    event: NewEvent


def insert_together(connection: sqlite3.Connection, insertions: Sequence[Insertion]) -> Sequence[Appended] | None:
    """Insert several events in one statement, in the open transaction.

    Args:
        connection: the writer's.
        insertions: as many as `runs` gives at once.

    Returns:
        The outcome of each; None if a stream does not have its version, and nothing was done.

    Raises:
        sqlite3.Error: one of them could not be inserted; none of them is.
    """
    expected = [(each.tenant, each.stream, each.after) for each in insertions if each.after]
    if expected:
        sql = _COUNT_VERSIONS.format(versions=", ".join([_VERSION] * len(expected)))
        if connection.execute(sql, list(chain.from_iterable(expected))).fetchone()[0] != len(expected):
            return None
    now = recording_time()
    partitions = [partition_of(each.tenant, each.stream) for each in insertions]
    rows = [
        event_row(each.tenant, each.stream, each.after + 1, each.event, partition=partition, now=now)
        for each, partition in zip(insertions, partitions, strict=True)
    ]
    first = insert_rows(connection, rows) - len(rows) + 1
    return [
        Appended(position, position, {each.stream: each.after + 1}, frozenset((partition,)))
        for position, (each, partition) in enumerate(zip(insertions, partitions, strict=True), start=first)
    ]


def insert_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Insert rows in order, and return the position of the last one.

    Nobody else writes meanwhile, so AUTOINCREMENT gives them positions without gaps.
    """
    last = 0
    for run in runs(rows):
        last = connection.execute(_insert_sql(len(run)), list(chain.from_iterable(run))).lastrowid or 0
    return last


def runs(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Split what is to be inserted into runs of a power of two, so that few statements have to be prepared."""
    begin = 0
    while rest := len(items) - begin:
        size = min(_MOST, 1 << rest.bit_length() - 1)
        yield items[begin : begin + size]
        begin += size


def event_row(tenant: str, stream: str, version: int, event: NewEvent, *, partition: int, now: int) -> Row:
    """Return the row of an event."""
    return (
        tenant,
        stream,
        version,
        event.event_id.bytes,
        event.type,
        event.schema_version,
        tags_text(event.tags),
        partition,
        event.data.decode(),
        event.metadata.decode(),
        now,
    )


def tags_text(tags: Sequence[str]) -> str:
    """Return tags as they are stored."""
    return json.dumps(tags, ensure_ascii=False, separators=(",", ":")) if tags else _NO_TAGS


def recording_time() -> int:
    """Return the present time in microseconds; an embedded database's clock is that of its machine."""
    return time.time_ns() // 1_000


@lru_cache(maxsize=_MOST)
def _insert_sql(count: int) -> str:
    row = _INSERT.rpartition("VALUES ")[2]
    return ", ".join((_INSERT, *[row] * (count - 1)))
