"""Reading boundaries again and again: what is settled of one never changes, so only what came after it is read.

Whoever loses on a hot boundary reads it once more, and its history grows with every success. Up to the settled horizon
no position is ever filled any more and no event changes, so the matching events up to there are remembered; see
docs/explanation/the-fence.md.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from duolog.adapters.postgres.boundary_sql import boundary_events
from duolog.adapters.postgres.connections import Connections
from duolog.adapters.postgres.event_rows import events_from_rows
from duolog.adapters.postgres.horizon import Horizon
from duolog.eventstore.conditions import AppendCondition, Boundary, EventQuery
from duolog.messages.envelope import RecordedEvent

HORIZON_SECONDS: Final = 0.05
"""The horizon of a condition may be so old: what was settled since is among what the decision has seen above it."""

MOST_BYTES: Final = 8 * 1024 * 1024
"""So much is remembered of all boundaries; those that were not read for the longest time are forgotten."""

_EVENT_SIZE: Final = 512


@dataclass(frozen=True, slots=True)
class _Settled:
    """The part of a boundary that never changes.

    Attributes:
        horizon: where it ends.
        events: all that match up to there.
        size: about how many bytes they take.
    """

    horizon: int = 0
    events: tuple[RecordedEvent, ...] = ()
    size: int = 0


class BoundaryReads:
    """Reads the events that match a query, and the condition that they imply.

    Args:
        connections: where to read.
        horizon: how far the log is settled.
    """

    __slots__ = ("_connections", "_horizon", "_known", "_schema", "_size")

    def __init__(self, connections: Connections, horizon: Horizon) -> None:
        self._connections = connections
        self._horizon = horizon
        self._schema = connections.location.schema
        self._known: OrderedDict[tuple[str, EventQuery], _Settled] = OrderedDict()  # the latest is last
        self._size = 0

    async def read(self, query: EventQuery, tenant: str) -> Boundary:
        """Read a boundary as it is after this call began; see `EventStore.read_boundary`.

        Raises:
            DatabaseError: reading failed.
        """
        known = self._known.get((tenant, query), _NOTHING)
        # First the horizon, then the snapshot: what is settled is seen, and what is seen above it is remembered.
        horizon = await self._horizon.recent(HORIZON_SECONDS)
        sql, values = boundary_events(query, self._schema, tenant, after=known.horizon)
        later = events_from_rows(await self._connections.fetch(sql, *values))
        seen = frozenset(event.position for event in later if event.position > horizon)
        self._remember((tenant, query), known, [event for event in later if event.position <= horizon], horizon)
        return Boundary((*known.events, *later), AppendCondition(query, horizon, seen, tenant))

    def _remember(self, key: tuple[str, EventQuery], known: _Settled, more: list[RecordedEvent], horizon: int) -> None:
        before = self._known.pop(key, _NOTHING)
        if before.horizon >= horizon:  # another read was faster
            self._known[key] = before
            return
        size = known.size + sum(len(event.data) + len(event.metadata) + _EVENT_SIZE for event in more)
        self._known[key] = _Settled(horizon, (*known.events, *more), size)
        self._size += size - before.size
        while self._size > MOST_BYTES:
            _, forgotten = self._known.popitem(last=False)
            self._size -= forgotten.size


_NOTHING: Final = _Settled()
