"""A recorded event as a line: for people, and as JSON."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from duolog.cli.terminal import printable, shortened
from duolog.messages.envelope import RecordedEvent

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_DATA: Final = 20


def event_line(event: RecordedEvent, width: int | None) -> str:
    """Show an event on one line: position, time (UTC), stream and version, type, data.

    Args:
        event: the event.
        width: cells of the terminal, to which the data are cut; None to show them whole.
    """
    stream = f"{event.tenant}/{event.stream}" if event.tenant else event.stream
    head = printable(f"{event.position:>8}  {_time(event)[:-4]}Z  {stream}@{event.version}  {event.type}")
    data = printable(event.data.decode("utf-8", "replace"))
    if width is None:
        return f"{head}  {data}"
    return f"{head}  {shortened(data, max(_LEAST_DATA, width - len(head) - 2))}"


def stream_event_lines(event: RecordedEvent) -> str:
    """Show an event of a stream on three lines: version, time (UTC), type, position; data; metadata."""
    version = f" (schema {event.schema_version})" if event.schema_version > 1 else ""
    head = f"@{event.version}  {_time(event)[:-4]}Z  {event.type}{version}  at {event.position}"
    data, metadata = event.data.decode("utf-8", "replace"), event.metadata.decode("utf-8", "replace")
    return "\n".join(printable(line) for line in (head, f"    data      {data}", f"    metadata  {metadata}"))


def event_json(event: RecordedEvent) -> str:
    """Show an event as one line of JSON; the names of its members are stable."""
    members = {
        "position": event.position,
        "recorded_at": _time(event),
        "tenant": event.tenant,
        "stream": event.stream,
        "version": event.version,
        "event_id": event.event_id,
        "type": event.type,
        "schema_version": event.schema_version,
        "tags": event.tags,
        "data": _json(event.data),
        "metadata": _json(event.metadata),
    }
    return printable(msgspec.json.encode(members).decode())


def _time(event: RecordedEvent) -> str:
    moment = _EPOCH + timedelta(microseconds=event.recorded_at)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _json(stored: bytes) -> msgspec.Raw | str:
    """The stored JSON byte for byte, but on one line; a text where it is no JSON."""
    try:
        return msgspec.Raw(msgspec.json.format(stored, indent=-1))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return stored.decode("utf-8", "replace")
