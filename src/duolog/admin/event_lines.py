"""An event of the log as one line of JSON, with its payload and metadata exactly as they are stored."""

from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, UnsetType

from duolog.messages.envelope import EMPTY_METADATA, RecordedEvent


class EventLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A line; what foreign history does not have may be left out.

    Attributes:
        position: its place in the log's order.
        tenant: whose it is.
        stream: its stream's name.
        version: its place in the stream.
        event_id: its unique id.
        type: stable type name.
        schema_version: version of the type's schema.
        tags: ``name:value`` texts, as they are stored.
        partition: bucket of the stream.
        recorded_at: microseconds since 1970 in UTC, or a time as in RFC 3339.
        data: the payload, a JSON object.
        data_text: instead of ``data``: its text, where it is of several lines.
        metadata: a JSON object; left out if it is empty.
    """

    position: int | UnsetType = UNSET
    tenant: str = ""
    stream: str
    version: int | UnsetType = UNSET
    event_id: UUID | UnsetType = UNSET
    type: str
    schema_version: int = 1
    tags: tuple[str, ...] = ()
    partition: int | UnsetType = UNSET
    recorded_at: int | str | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    data_text: str | UnsetType = UNSET
    metadata: Raw | UnsetType = UNSET
    metadata_text: str | UnsetType = UNSET


_encoder: Final = msgspec.json.Encoder()


def encode_line(event: RecordedEvent) -> bytes:
    """Return an event's line, with its newline; equal events have equal lines, and others others."""
    data, metadata = event.data, event.metadata
    data_fits, metadata_fits = _is_one_line(data), _is_one_line(metadata)
    line = EventLine(
        position=event.position,
        tenant=event.tenant,
        stream=event.stream,
        version=event.version,
        event_id=event.event_id,
        type=event.type,
        schema_version=event.schema_version,
        tags=event.tags,
        partition=event.partition,
        recorded_at=event.recorded_at,
        data=Raw(data) if data_fits else UNSET,
        data_text=UNSET if data_fits else data.decode(),
        metadata=Raw(metadata) if metadata_fits and metadata != EMPTY_METADATA else UNSET,
        metadata_text=UNSET if metadata_fits else metadata.decode(),
    )
    return _encoder.encode(line) + b"\n"


def _is_one_line(text: bytes) -> bool:
    return b"\n" not in text and b"\r" not in text
