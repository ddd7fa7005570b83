"""What was recorded under conditions lately, so that the losers of a hot boundary are told without asking."""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from duolog.adapters.postgres.boundary_keys import shared_keys_of
from duolog.adapters.postgres.commits import Commit
from duolog.eventstore.conditions import AppendCondition

MOST_EVENTS: Final = 64
"""So many are remembered of each key; whoever has read longer ago asks the database."""


class _Event(NamedTuple):
    tenant: str
    type: str
    tags: tuple[str, ...]
    position: int

    def breaks(self, condition: AppendCondition) -> bool:
        """Tell whether the condition's decision should have seen it, and has not."""
        return (
            condition.tenant == self.tenant
            and self.position > condition.horizon
            and self.position not in condition.seen
            and condition.query.matches(self.type, self.tags)
        )


class GuardedEvents:
    """The last events of conditional commits, by the keys of their boundaries."""

    __slots__ = ("_events",)

    def __init__(self) -> None:
        self._events: dict[int, deque[_Event]] = {}

    def remember(self, commit: Commit, positions: Sequence[int]) -> None:
        """Remember what a commit has recorded."""
        tenant = commit.work.tenant
        events = (event for append in commit.work.appends for event in append.events)
        for event, position in zip(events, positions, strict=True):
            known = _Event(tenant, event.type, event.tags, position)
            for key in shared_keys_of(tenant, event.type, event.tags):
                self._events.setdefault(key, deque(maxlen=MOST_EVENTS)).append(known)

    def unseen(self, commit: Commit) -> int:
        """Return the position of the latest of them that breaks a condition of a commit; 0 if none of them does."""
        conditions = commit.work.conditions
        for key in commit.exclusive:
            for event in reversed(self._events.get(key, ())):
                if any(map(event.breaks, conditions)):
                    return event.position
        return 0
