"""Which events a reader of the whole log wants."""

from collections.abc import Iterable
from dataclasses import dataclass

from duolog.errors import StreamNameError
from duolog.eventstore.streams import PARTITIONS, category_of, check_category
from duolog.messages.envelope import RecordedEvent


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Chooses events; an empty field chooses all.

    Attributes:
        types: stored type names, any of them.
        categories: stream categories, any of them.
        tags: stored tag texts, all of them.
        partitions: buckets, any of them; None means all 256.
        tenant: one tenant; None means all.
    """

    types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    partitions: range | None = None
    tenant: str | None = None

    def __post_init__(self) -> None:
        """Check categories and partitions."""
        for category in self.categories:
            check_category(category)
        wanted = self.partitions
        if wanted is not None and (wanted.step != 1 or wanted.start < 0 or wanted.stop > PARTITIONS):
            message = f"{wanted} is not a range of partitions 0 to {PARTITIONS - 1}"
            raise StreamNameError(message)

    @classmethod
    def of(
        cls,
        *,
        types: Iterable[str] = (),
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
        partitions: range | None = None,
        tenant: str | None = None,
    ) -> "EventFilter":
        """Make a filter from any iterables."""
        return cls(frozenset(types), frozenset(categories), frozenset(tags), partitions, tenant)

    def matches(self, event: RecordedEvent) -> bool:
        """Tell whether the event is wanted."""
        return (
            (not self.types or event.type in self.types)
            and (not self.categories or category_of(event.stream) in self.categories)
            and (not self.tags or self.tags.issubset(event.tags))
            and (self.partitions is None or event.partition in self.partitions)
            and (self.tenant is None or event.tenant == self.tenant)
        )


ALL_EVENTS = EventFilter()
