"""What was recorded under conditions lately, so that the losers of a hot boundary are told without asking."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duolog.adapters.postgres.boundary_keys import shared_keys
from duolog.adapters.postgres.commits import Commit
from duolog.eventstore.conditions import AppendCondition

MOST_EVENTS: Final = 64
"""So many are remembered of each key; whoever has read longer ago asks the database."""


@dataclass(frozen=True, slots=True)
class _Event:
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
            for key in shared_keys(tenant, (event,)):
                self._events.setdefault(key, deque(maxlen=MOST_EVENTS)).append(known)

    def first_unseen(self, commit: Commit) -> int:
        """Return the position of the first of them that breaks a condition of a commit; 0 if none of them does."""
        known = (event for key in commit.exclusive for event in self._events.get(key, ()))
        broken = [each.position for each in known if any(map(each.breaks, commit.work.conditions))]
        return min(broken, default=0)
