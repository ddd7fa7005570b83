"""Dynamic consistency boundaries (DCB, dcb.events): queries over events, and conditions made from reading them."""

from collections.abc import Sequence
from dataclasses import dataclass

from duolog.messages.envelope import RecordedEvent


@dataclass(frozen=True, slots=True)
class QueryItem:
    """Matches events of one of the types (any if none is given) that have all of the tags.

    Attributes:
        types: stored type names.
        tags: stored tag texts.
    """

    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def matches(self, event_type: str, tags: Sequence[str]) -> bool:
        """Tell whether an event with this type and these tags matches."""
        return (not self.types or event_type in self.types) and all(tag in tags for tag in self.tags)


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Matches events that at least one of its items matches.

    Attributes:
        items: one item or more.
    """

    items: tuple[QueryItem, ...]

    def __post_init__(self) -> None:
        """Refuse a query that matches nothing."""
        if not self.items:
            message = "an event query needs at least one item"
            raise ValueError(message)

    def matches(self, event_type: str, tags: Sequence[str]) -> bool:
        """Tell whether an event with this type and these tags matches."""
        return any(item.matches(event_type, tags) for item in self.items)

    def __str__(self) -> str:
        """Name the boundary, for conflicts: its tags, or its types."""
        return " or ".join("&".join(item.tags or item.types) or "all events" for item in self.items)


@dataclass(frozen=True, slots=True)
class AppendCondition:
    """Fails an append if a matching event was recorded that the decision did not see. Made by `read_boundary`.

    Attributes:
        query: what the decision read.
        horizon: the settled position before the read; everything up to it was seen.
        seen: positions above the horizon that were seen as well.
        tenant: whose events it is about.
    """

    query: EventQuery
    horizon: int
    seen: frozenset[int] = frozenset()
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Boundary:
    """What reading a boundary gives.

    Attributes:
        events: the matching events, in order.
        condition: holds as long as no other matching event is recorded.
    """

    events: tuple[RecordedEvent, ...]
    condition: AppendCondition
