"""What is appended at once, what comes back, and the checks that every backend shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from duolog.errors import EventIdReusedError, PayloadError
from duolog.eventstore.expectations import ANY_VERSION, ExpectedVersion
from duolog.eventstore.streams import check_stream
from duolog.messages.envelope import NewEvent, RecordedEvent

MAX_EVENTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Append:
    """Events for one stream.

    Attributes:
        stream: the stream's name.
        events: one event or more, in order.
        expected: what the stream must look like before.
    """

    stream: str
    events: tuple[NewEvent, ...]
    expected: ExpectedVersion = ANY_VERSION


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of an append.

    Attributes:
        first_position: position of its first event; 0 if nothing was appended.
        position: position of its last event; 0 if nothing was appended.
        versions: by stream, the version after it.
        partitions: buckets of the streams.
    """

    first_position: int = 0
    position: int = 0
    versions: Mapping[str, int] = field(default_factory=dict[str, int])
    partitions: frozenset[int] = frozenset()


NOTHING_APPENDED: Final = Appended()


def check_appends(appends: Sequence[Append]) -> None:
    """Check what can be checked without the log.

    Raises:
        StreamNameError: a stream's name is not of the form ``category-id``.
        PayloadError: an append has no events, or there are more than 10,000.
        EventIdReusedError: one event id stands twice.
    """
    count = 0
    for append in appends:
        check_stream(append.stream)
        if not append.events:
            message = f"nothing to append to {append.stream!r}"
            raise PayloadError(message, hint="Leave the append out when there is no event.")
        count += len(append.events)
    if count > MAX_EVENTS:
        message = f"{count} events at once; {MAX_EVENTS} are allowed"
        raise PayloadError(message, hint="Append them in several steps.")
    if count > 1 and len({event.event_id for append in appends for event in append.events}) != count:
        message = "one event id stands twice in one append"
        raise EventIdReusedError(message)


def repeated_outcome(appends: Sequence[Append], recorded: Mapping[UUID, RecordedEvent], tenant: str) -> Appended | None:
    """Decide what appends are whose event ids may be in the log already.

    Args:
        appends: what is to be appended.
        recorded: by event id, those of its events that are in the log.
        tenant: whose events they are.

    Returns:
        The first outcome if all of them are there unchanged, None if none of them is.

    Raises:
        EventIdReusedError: only some of them are there, or their stream, type or content differ.
    """
    if not recorded:
        return None
    positions: list[int] = []
    versions: dict[str, int] = {}
    partitions: set[int] = set()
    for append in appends:
        for event in append.events:
            known = recorded.get(event.event_id)
            same = known is not None and (
                (known.tenant, known.stream, known.type, known.schema_version, known.tags, known.data)
                == (tenant, append.stream, event.type, event.schema_version, event.tags, event.data)
            )
            if known is None or not same:
                message = f"event ids of this append to {append.stream!r} are in the log with other content"
                raise EventIdReusedError(message)
            positions.append(known.position)
            versions[append.stream] = max(known.version, versions.get(append.stream, 0))
            partitions.add(known.partition)
    return Appended(min(positions), max(positions), versions, frozenset(partitions))
