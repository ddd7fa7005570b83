"""Rows of the log as recorded events, in a tight loop: reading the whole log stands or falls with it."""

import sqlite3
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from duolog.adapters.sqlite.sql_files import load_sql
from duolog.messages.envelope import RecordedEvent

EVENT_COLUMNS: Final = (
    "e.position, e.tenant, e.stream, e.version, e.event_id, e.type, e.schema_version, e.tags, e.partition, "
    "CAST(e.data AS BLOB), CAST(e.metadata AS BLOB), e.recorded_at"
)
"""Data and metadata are read as bytes, so that the driver does not decode what is decoded again as JSON."""

EventRow = tuple[int, str, str, int, bytes, str, int, str, int, bytes, bytes, int]

_EVENT_ID: Final = 4
_tags: Final = msgspec.json.Decoder(tuple[str, ...])


def events_from_rows(rows: Sequence[EventRow]) -> list[RecordedEvent]:
    """Decode rows of `EVENT_COLUMNS`."""
    # All ids at once: converting them one by one in Python would take a third of the whole time.
    ids = msgspec.convert([row[_EVENT_ID] for row in rows], list[UUID])
    new, tags_of = RecordedEvent, _tags.decode
    return [
        new(
            position,
            tenant,
            stream,
            version,
            event_id,
            kind,
            schema_version,
            () if tags == "[]" else tags_of(tags),
            partition,
            data,
            metadata,
            recorded_at,
        )
        for (
            position,
            tenant,
            stream,
            version,
            _,
            kind,
            schema_version,
            tags,
            partition,
            data,
            metadata,
            recorded_at,
        ), event_id in zip(rows, ids, strict=True)
    ]


def events_by_id(connection: sqlite3.Connection, event_ids: Sequence[UUID]) -> dict[UUID, RecordedEvent]:
    """Return those of the events with these ids that are in the log."""
    rows = [connection.execute(_READ_BY_ID, (event_id.bytes,)).fetchone() for event_id in event_ids]
    return {event.event_id: event for event in events_from_rows([row for row in rows if row is not None])}


def load_event_sql(name: str) -> str:
    """Return the statement in ``sql/<name>.sql`` that selects events."""
    return load_sql(name).replace("{columns}", EVENT_COLUMNS)


_READ_BY_ID: Final = load_event_sql("read_event_by_id")
