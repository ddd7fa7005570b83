"""Events, and recorded events made from them."""

from dataclasses import dataclass
from typing import Any

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.messages.event import event


@event("thing.happened")
@dataclass(frozen=True, slots=True)
class AnythingHappened:
    content: Any


def new_codec(*members: type, max_bytes: int = 1_048_576) -> EventCodec:
    return EventCodec(EventTypes(members), Tagger(b"a secret"), max_bytes=max_bytes)


def recorded(new: NewEvent) -> RecordedEvent:
    return recorded_data(new.type, new.data, schema_version=new.schema_version)


def recorded_data(type: str, data: bytes, *, schema_version: int = 1) -> RecordedEvent:  # noqa: A002 - the log's word
    return RecordedEvent(
        position=7,
        tenant="",
        stream="thing-1",
        version=1,
        event_id=uuid7(),
        type=type,
        schema_version=schema_version,
        tags=(),
        partition=0,
        data=data,
        metadata=b"{}",
        recorded_at=0,
    )
