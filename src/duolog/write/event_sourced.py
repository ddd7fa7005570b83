"""What every entity has whose state is the fold of its stream: version, pending events, replay."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast, overload

from duolog.eventstore.expectations import Exactly, ExpectedVersion
from duolog.write.snapshots import SnapshotPolicy

Id = TypeVar("Id")


class PendingEvents(Sequence[object]):
    """Events that an aggregate raised and that are not stored yet, with the version they were decided on."""

    __slots__ = ("_events", "expected")

    def __init__(self, events: Sequence[object], expected: ExpectedVersion) -> None:
        self._events = tuple(events)
        self.expected = expected

    @overload
    def __getitem__(self, index: int) -> object: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[object]: ...
    def __getitem__(self, index: int | slice) -> object | Sequence[object]:
        """Return an event, or several."""
        return self._events[index]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._events)

    def __iter__(self) -> Iterator[object]:
        """Iterate in the order they were raised."""
        return iter(self._events)

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of events."""
        return isinstance(other, Sequence) and list(self._events) == list(cast("Sequence[object]", other))

    def __hash__(self) -> int:
        """Hash the events."""
        return hash(self._events)

    def __repr__(self) -> str:
        """Show the events."""
        return f"PendingEvents({list(self._events)!r})"


class EventSourced(ABC, Generic[Id]):
    """Base of entities whose state is the fold of one stream, and that raise events to change it.

    Args:
        id: the entity's id; with its category it names the stream.
    """

    def __init__(self, id: Id) -> None:  # noqa: A002 - an entity has an id
        self.id = id
        self.snapshot_version = 0
        self._version = 0
        self._pending: list[object] = []

    @property
    @abstractmethod
    def stream(self) -> str:
        """The name of its stream."""

    @property
    @abstractmethod
    def kind(self) -> object:
        """What its state is of: entities of another kind may have the same stream, and another state."""

    @property
    @abstractmethod
    def snapshot_policy(self) -> SnapshotPolicy | None:
        """Of which class its snapshots are, and how often one is taken; None if it has none."""

    @property
    def version(self) -> int:
        """The version of its stream, counting pending events."""
        return self._version

    @property
    def pending_events(self) -> PendingEvents:
        """Events that were raised and are not stored yet."""
        return PendingEvents(self._pending, Exactly(self._version - len(self._pending)))

    def clear_events(self) -> None:
        """Forget the pending events, after they were staged."""
        self._pending.clear()

    def apply_event(self, event: object) -> None:
        """Apply an event that happened, and count the version.

        Raises:
            ConfigurationError: the entity does not know the event's type.
        """
        self._change(event)
        self._version += 1

    def replay(self, events: Iterable[object], version: int) -> None:
        """Apply what recorded events are today, after which the stream has ``version``.

        Upcasters may make several events of a recorded one, or none, so the version is not counted.

        Raises:
            ConfigurationError: the entity does not know an event's type.
        """
        for event in events:
            self._change(event)
        self._version = version

    def restore_version(self, version: int) -> None:
        """Set the version of an entity whose state was read from elsewhere instead of its events."""
        self._version = version
        self._pending.clear()

    @abstractmethod
    def to_snapshot(self) -> object:
        """Return its state, as an instance of the class that its snapshot policy names."""

    @abstractmethod
    def restore_snapshot(self, state: Any) -> None:
        """Take over a state that `to_snapshot` returned, and that was encoded and decoded since."""

    @abstractmethod
    def freeze(self) -> object | None:
        """Return its state so that nothing that happens to the entity changes it; None if that is not cheap."""

    @abstractmethod
    def thaw(self, frozen: Any) -> None:
        """Take over what `freeze` returned, so that nothing that happens to the entity changes it."""

    @abstractmethod
    def _change(self, event: object) -> None:
        """Apply an event to the state."""
