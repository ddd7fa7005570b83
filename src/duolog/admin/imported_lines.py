"""Lines of a file as events of a log: kept as they are from a backup, completed and checked from foreign history."""

from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from duolog.admin.event_lines import EventLine
from duolog.admin.log_file import Line
from duolog.codec.payload_rules import MAX_BYTES, check_size, check_text, check_tree
from duolog.codec.reasons import unfit_reason
from duolog.errors import DuologError, LogFileError, PayloadError
from duolog.eventstore.streams import check_stream, partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import EMPTY_METADATA, RecordedEvent, StoredMetadata
from duolog.messages.metadata import Metadata
from duolog.messages.names import check_type_name
from duolog.messages.tag import Tag

_MICROSECONDS: Final = 1_000_000
_GREATEST: Final = 2**63 - 1
_decoder: Final = msgspec.json.Decoder(EventLine)
_untyped: Final = msgspec.json.Decoder()
_metadata: Final = msgspec.json.Decoder(StoredMetadata)

Versions = MutableMapping[tuple[str, str], int]
"""Versions by tenant and stream."""


def decode_lines(lines: Sequence[Line]) -> list[tuple[Line, EventLine]]:
    """Decode lines.

    Raises:
        LogFileError: one is no event.
    """
    return [(line, _decode(line)) for line in lines]


def kept_events(lines: Sequence[tuple[Line, EventLine]], after: int, versions: Versions) -> list[RecordedEvent]:
    """Make the events of a backup, which have everything and keep it.

    Args:
        lines: decoded lines.
        after: position of the event before.
        versions: of their streams before them; is brought up to date.

    Raises:
        LogFileError: one of them breaks a rule.
    """
    events: list[RecordedEvent] = []
    for line, each in lines:
        position, version, event_id, recorded_at = each.position, each.version, each.event_id, each.recorded_at
        if position is UNSET or version is UNSET or event_id is UNSET or not isinstance(recorded_at, int):
            message = "an event of a backup has a position, a version, an event_id and a recorded_at in microseconds"
            raise LogFileError(message, line=line.number, hint="Without the header, history may leave them out.")
        place = (each.tenant, each.stream)
        if not after < position <= _GREATEST or version != versions.get(place, 0) + 1:
            message = f"position {position} or version {version} does not follow the events before"
            raise LogFileError(message, line=line.number)
        if each.partition not in (UNSET, partition_of(*place)):
            message = f"partition {each.partition} is not that of its stream"
            raise LogFileError(message, line=line.number)
        after, versions[place] = position, version
        data, metadata = _payload(line, each, limit=None)
        events.append(
            RecordedEvent(
                position=position,
                tenant=each.tenant,
                stream=each.stream,
                version=version,
                event_id=event_id,
                type=each.type,
                schema_version=each.schema_version,
                tags=each.tags,
                partition=partition_of(*place),
                data=data,
                metadata=metadata,
                recorded_at=recorded_at,
            )
        )
    return events


def new_events(
    lines: Sequence[tuple[Line, EventLine]], after: int, versions: Versions, *, now: int
) -> list[RecordedEvent]:
    """Make the events of foreign history: positions and versions are given in the order of the lines.

    Args:
        lines: decoded lines.
        after: position of the event before.
        versions: of their streams before them; is brought up to date.
        now: when those were recorded that do not say it, microseconds since 1970.

    Raises:
        LogFileError: one of them breaks a rule.
    """
    events: list[RecordedEvent] = []
    for position, (line, each) in enumerate(lines, start=after + 1):
        if each.position is not UNSET or each.version is not UNSET:
            message = "a position and a version are kept from a backup only, which begins with its header"
            raise LogFileError(message, line=line.number, hint="Leave them out: they are given in the lines' order.")
        _check_names(line, each)
        place = (each.tenant, each.stream)
        versions[place] = versions.get(place, 0) + 1
        data, metadata = _payload(line, each, limit=MAX_BYTES)
        events.append(
            RecordedEvent(
                position=position,
                tenant=each.tenant,
                stream=each.stream,
                version=versions[place],
                event_id=uuid7() if each.event_id is UNSET else each.event_id,
                type=each.type,
                schema_version=each.schema_version,
                tags=tuple(sorted(set(each.tags))),
                partition=partition_of(*place),
                data=data,
                metadata=metadata,
                recorded_at=_recorded_at(line, each.recorded_at, now),
            )
        )
    return events


def _decode(line: Line) -> EventLine:
    try:
        return _decoder.decode(line.text)
    except msgspec.ValidationError as error:
        raise LogFileError(unfit_reason(error), line=line.number) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = "it is not a JSON object"
        raise LogFileError(message, line=line.number) from error


def _check_names(line: Line, each: EventLine) -> None:
    try:
        check_stream(each.stream)
        check_type_name(each.type, each.schema_version)
        if each.tenant:
            Metadata(tenant=each.tenant)
        for tag in each.tags:
            name, _, value = tag.partition(":")
            Tag(name, value)
    except DuologError as error:
        raise LogFileError(error.message, line=line.number, hint=error.hint) from None


def _payload(line: Line, each: EventLine, *, limit: int | None) -> tuple[bytes, bytes]:
    try:
        data = _text(each.data, each.data_text, b"")
        metadata = _text(each.metadata, each.metadata_text, EMPTY_METADATA)
        if not isinstance(_checked(data, limit), Mapping):
            message = "data is not a JSON object"
            raise LogFileError(message, line=line.number)
        if metadata != EMPTY_METADATA:
            _checked(metadata, limit)
            _metadata.decode(metadata)
    except PayloadError as error:
        raise LogFileError(error.message, line=line.number, hint=error.hint) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = "data or metadata is missing, or cannot be read back"
        raise LogFileError(message, line=line.number) from error
    return data, metadata


def _checked(text: bytes, limit: int | None) -> Any:
    if limit is not None:
        check_size(text, limit=limit)
    check_text(text)
    value = _untyped.decode(text)
    check_tree(value)
    return value


def _text(raw: Raw | UnsetType, text: str | UnsetType, default: bytes) -> bytes:
    if text is not UNSET:
        return text.encode()
    return default if raw is UNSET else bytes(raw)


def _recorded_at(line: Line, given: int | str | UnsetType, now: int) -> int:
    if given is UNSET:
        return now
    if isinstance(given, int) and 0 <= given <= _GREATEST:
        return given
    at = None
    with suppress(ValueError):
        at = datetime.fromisoformat(str(given))
    if at is None or at.tzinfo is None:
        message = "recorded_at is neither microseconds since 1970 nor a time like 2026-01-31T12:00:00Z"
        raise LogFileError(message, line=line.number)
    return round(at.timestamp() * _MICROSECONDS)
