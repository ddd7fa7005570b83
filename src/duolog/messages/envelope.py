"""An event on its way into the log, and as the log gives it back."""

from typing import Final
from uuid import UUID

import msgspec

EMPTY_METADATA: Final = b"{}"


class NewEvent(msgspec.Struct, frozen=True, gc=False):
    """An encoded event that is to be appended.

    Attributes:
        event_id: unique in the log; the same id again is the same event.
        type: stable type name.
        schema_version: version of the type's schema, from 1.
        data: UTF-8 JSON, stored and compared byte for byte.
        tags: ``name:value`` texts, sorted.
        metadata: UTF-8 JSON of `StoredMetadata`; not part of the event's identity.
    """

    event_id: UUID
    type: str
    schema_version: int
    data: bytes
    tags: tuple[str, ...] = ()
    metadata: bytes = EMPTY_METADATA


class RecordedEvent(msgspec.Struct, frozen=True, gc=False):
    """An event of the log.

    Attributes:
        position: its place in the log's one order; strictly increasing, with gaps.
        tenant: whose it is; empty where there is only one.
        stream: its stream's name, like ``user-42``.
        version: its place in the stream, from 1, without gaps.
        event_id: its unique id.
        type: stable type name.
        schema_version: version of the type's schema.
        tags: ``name:value`` texts.
        partition: bucket of the stream, 0 to 255.
        data: UTF-8 JSON.
        metadata: UTF-8 JSON of `StoredMetadata`.
        recorded_at: microseconds since 1970 in UTC, by the database's clock.
    """

    position: int
    tenant: str
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    tags: tuple[str, ...]
    partition: int
    data: bytes
    metadata: bytes
    recorded_at: int


class StoredMetadata(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the log keeps of a message's metadata with each event that it caused.

    Attributes:
        correlation_id: shared by everything that one outside request set off.
        causation_id: the message that recorded the event.
        actor: id of who sent it.
        traceparent: W3C trace context.
    """

    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    actor: str | None = None
    traceparent: str | None = None


_decoder: Final = msgspec.json.Decoder(StoredMetadata)
_encoder: Final = msgspec.json.Encoder()


def stored_metadata(recorded: RecordedEvent) -> StoredMetadata:
    """Decode what the log kept of the metadata of ``recorded``."""
    return _decoder.decode(recorded.metadata)


def encode_stored_metadata(metadata: StoredMetadata) -> bytes:
    """Encode metadata as they are kept."""
    return _encoder.encode(metadata)


def decode_stored_metadata(data: bytes) -> StoredMetadata:
    """Decode what `encode_stored_metadata` has made."""
    return _decoder.decode(data)
