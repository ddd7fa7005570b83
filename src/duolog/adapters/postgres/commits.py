"""One commit as the append function gets it: its streams, what it expects of them, and what it must not meet."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from duolog.adapters.postgres.boundary_keys import exclusive_keys, shared_keys, shared_keys_of
from duolog.eventstore.appends import Append, Appended, check_appends
from duolog.eventstore.expectations import AnyVersion, Exactly, ExpectedVersion, NoStream, StreamExists, check_expected
from duolog.eventstore.streams import partition_of
from duolog.messages.envelope import NewEvent
from duolog.write.idempotency import IdempotencyScope
from duolog.write.sealed_work import SealedWork

ANY: Final = -1
EXISTS: Final = -2
NEVER: Final = -3

_GREATEST: Final = 2**31 - 1
_EVENT_SIZE: Final = 256
_NO_KEYS: Final = frozenset[int]()


@dataclass(slots=True)
class StreamPart:
    """What a commit does to one stream.

    Attributes:
        partition: the stream's bucket.
        expected: the version that it must have before: a number, `ANY`, `EXISTS` or `NEVER`.
        events: what is appended, with their places in the commit.
    """

    partition: int
    expected: int = ANY
    events: list[tuple[int, NewEvent]] = field(default_factory=list[tuple[int, NewEvent]])

    @property
    def least(self) -> int:
        """The least version that it can have where it is as expected."""
        return 1 if self.expected == EXISTS else max(self.expected, 0)

    def is_stale(self, head: int) -> bool:
        """Tell whether it cannot succeed any more, as the stream has reached ``head`` and versions only grow."""
        return 0 <= self.expected < head


@dataclass(slots=True, eq=False)
class Commit:
    """A unit of work on its way into the log, without statements.

    Attributes:
        work: what is to be recorded.
        parts: by stream, what is appended to it.
        streams: the same streams, each with its tenant.
        ids: of its events.
        shared: keys of boundaries under which its events are written.
        exclusive: keys of the boundaries that its conditions guard.
        keys: both.
        size: about how many bytes it sends.
        attempts: how often it lost a race that it may try again.
    """

    work: SealedWork
    parts: dict[str, StreamPart]
    streams: tuple[tuple[str, str], ...]
    ids: tuple[UUID, ...]
    shared: frozenset[int]
    exclusive: frozenset[int]
    keys: frozenset[int]
    size: int
    attempts: int = 0

    @property
    def key(self) -> tuple[IdempotencyScope, str] | None:
        """Its idempotency key, or None."""
        record = self.work.idempotency
        return None if record is None else (record.scope, record.key)

    def appended(self, first: int, last: int, heads: dict[str, int]) -> Appended:
        """Return the outcome, given the positions of its first and last event, and its streams' versions before."""
        versions = {stream: heads[stream] + len(part.events) for stream, part in self.parts.items()}
        return Appended(first, last, versions, frozenset(part.partition for part in self.parts.values()))

    def check_versions(self, heads: dict[str, int]) -> None:
        """Raise the conflict that its streams' versions stand for, if there is one.

        Raises:
            WrongExpectedVersionError: a stream is at another version than expected.
        """
        seen = dict(heads)
        for append in self.work.appends:
            check_expected(append.stream, append.expected, seen[append.stream])
            seen[append.stream] += len(append.events)


def plan_commit(work: SealedWork) -> Commit:
    """Check what can be checked without the log, and plan the commit.

    Raises:
        StreamNameError: a stream's name is not of the form ``category-id``.
        PayloadError: an append has no events, or there are too many.
        EventIdReusedError: one event id stands twice.
    """
    appends, tenant = work.appends, work.tenant
    if appends:
        check_appends(appends)
    exclusive = frozenset(exclusive_keys(work.conditions)) if work.conditions else _NO_KEYS
    if len(appends) == 1 and len(appends[0].events) == 1 and not work.snapshots and work.idempotency is None:
        return _plan_single(work, appends[0], exclusive)
    events = [event for append in appends for event in append.events]
    size = sum(len(event.data) + len(event.metadata) for event in events) + len(events) * _EVENT_SIZE
    size += sum(len(snapshot.data) for snapshot in work.snapshots)
    size += len(work.idempotency.result) if work.idempotency is not None else 0
    shared = frozenset(shared_keys(tenant, events))
    parts = _parts(tenant, appends)
    return Commit(
        work,
        parts,
        tuple((tenant, stream) for stream in parts),
        tuple(event.event_id for event in events),
        shared,
        exclusive,
        shared | exclusive if exclusive else shared,
        size,
    )


def _plan_single(work: SealedWork, append: Append, exclusive: frozenset[int]) -> Commit:
    """Plan what most units are, one event and nothing beside it, without the loops that others need."""
    tenant, stream, (event,) = work.tenant, append.stream, append.events
    shared = shared_keys_of(tenant, event.type, event.tags)
    part = StreamPart(partition_of(tenant, stream), _before(append.expected, 0), [(0, event)])
    return Commit(
        work,
        {stream: part},
        ((tenant, stream),),
        (event.event_id,),
        shared,
        exclusive,
        shared | exclusive if exclusive else shared,
        len(event.data) + len(event.metadata) + _EVENT_SIZE,
    )


def _parts(tenant: str, appends: Sequence[Append]) -> dict[str, StreamPart]:
    parts: dict[str, StreamPart] = {}
    place = 0
    for append in appends:
        part = parts.get(append.stream)
        if part is None:
            part = parts[append.stream] = StreamPart(partition_of(tenant, append.stream))
        part.expected = _both(part.expected, _before(append.expected, len(part.events)))
        for event in append.events:
            part.events.append((place, event))
            place += 1
    return parts


def _before(expected: ExpectedVersion, earlier: int) -> int:
    """Return what the stream must have been before the commit, of which ``earlier`` events come first."""
    match expected:
        case AnyVersion():
            return ANY
        case NoStream():
            return NEVER if earlier else 0
        case StreamExists():
            return ANY if earlier else EXISTS
        case Exactly(version):
            return version - earlier if 0 <= version - earlier <= _GREATEST else NEVER


def _both(one: int, other: int) -> int:
    """Return the expectation that holds where both hold."""
    if one in {ANY, other}:
        return other
    if other == ANY:
        return one
    numbers = {one, other} - {EXISTS}
    if len(numbers) == 1 and min(numbers) > 0:
        return numbers.pop()
    return NEVER
