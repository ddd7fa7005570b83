"""Rows of the log as recorded events, in a tight loop: reading the whole log stands or falls with it."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from duolog.adapters.postgres.sql_files import load_sql
from duolog.messages.envelope import RecordedEvent

EVENT_COLUMNS: Final = (
    "e.position, e.tenant, e.stream, e.version, uuid_send(e.event_id), e.type, e.schema_version, e.tags, e.partition, "
    "json_send(e.data), json_send(e.metadata), e.recorded_at"
)
"""Ids, data and metadata are read as bytes, so that the driver does not decode what is decoded again."""

_EVENT_ID: Final = 4


def events_from_rows(rows: Sequence[Any]) -> list[RecordedEvent]:
    """Decode rows of `EVENT_COLUMNS`."""
    # All ids at once: converting them one by one in Python would take a third of the whole time.
    ids = msgspec.convert([row[_EVENT_ID] for row in rows], list[UUID])
    new = RecordedEvent
    return [
        new(
            position,
            tenant,
            stream,
            version,
            event_id,
            kind,
            schema_version,
            tuple(tags) if tags else (),
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


def load_event_sql(name: str, schema: str) -> str:
    """Return the statement in ``sql/<name>.sql`` that selects events."""
    return load_sql(name, schema).replace("{columns}", EVENT_COLUMNS)
