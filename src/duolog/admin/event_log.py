"""Which events of the log an operator wants to see, and reading them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventStore
from duolog.eventstore.streams import category_of, check_stream, partition_of
from duolog.messages.envelope import RecordedEvent

_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class EventSelection:
    """Chooses events of the log; an empty field chooses all.

    Attributes:
        after: positions above it; 0 from the beginning.
        types: stored type names, any of them.
        categories: stream categories, any of them.
        tags: stored tag texts, all of them.
        stream: one stream; it is a stream of ``tenant``, so of the empty tenant if none is given.
        tenant: one tenant; None means all.
        limit: at most so many events, 1 or more; None means all.
    """

    after: int = 0
    types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    stream: str | None = None
    tenant: str | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        """Refuse a stream that cannot be.

        Raises:
            StreamNameError: its name is not of the form ``category-id``.
        """
        if self.stream is not None:
            check_stream(self.stream)

    @property
    def filter(self) -> EventFilter:
        """The same choice as the log's own filter; of a stream it chooses the bucket, which has other streams too."""
        if self.stream is None:
            return EventFilter(self.types, self.categories, self.tags, tenant=self.tenant)
        tenant = self.tenant or ""
        bucket = partition_of(tenant, self.stream)
        return EventFilter(
            self.types,
            self.categories or frozenset({category_of(self.stream)}),
            self.tags,
            range(bucket, bucket + 1),
            tenant,
        )

    def wants(self, event: RecordedEvent) -> bool:
        """Tell whether ``event`` is chosen, the limit aside."""
        if event.position <= self.after or (self.stream is not None and event.stream != self.stream):
            return False
        return self.filter.matches(event)


async def recorded_events(
    store: EventStore, selection: EventSelection, *, follow: bool = False
) -> AsyncGenerator[Sequence[RecordedEvent], None]:
    """Read the chosen events in order of their positions, a stretch at a time.

    Args:
        store: the log.
        selection: which events.
        follow: go on with what is recorded from now on, without end or until the limit is reached.

    Yields:
        One event or more.

    Raises:
        DatabaseError: the log cannot be read.
    """
    left = selection.limit
    async with aclosing(_stretches(store, selection, follow=follow)) as stretches:
        async for stretch in stretches:
            wanted = [event for event in stretch if selection.wants(event)][:left]
            if wanted:
                yield wanted
            if left is not None:
                left -= len(wanted)
                if left == 0:
                    return


async def _stretches(
    store: EventStore, selection: EventSelection, *, follow: bool
) -> AsyncGenerator[Sequence[RecordedEvent], None]:
    after = selection.after
    if selection.stream is not None:
        # A stream is read by its index; only what is recorded from now on is looked for in its bucket.
        async for events in _stream(store, selection.stream, selection.tenant or ""):
            yield events
            after = max(after, events[-1].position)
        if not follow:
            return
    if follow:
        async for page in store.subscribe(after=after, batch=_BATCH, filter=selection.filter):
            yield page.events
        return
    end = await store.head()
    while after < end:
        page = await store.read_all(after=after, limit=_BATCH, filter=selection.filter)
        yield page.events
        if page.through <= after:
            return
        after = page.through


async def _stream(store: EventStore, stream: str, tenant: str) -> AsyncGenerator[Sequence[RecordedEvent], None]:
    version = 0
    while events := await store.read_stream(stream, after_version=version, limit=_BATCH, tenant=tenant):
        yield events
        version = events[-1].version
