"""Entities that change only by applying events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast, overload
from weakref import WeakValueDictionary

from duolog.errors import ConfigurationError
from duolog.eventstore.expectations import Exactly, ExpectedVersion
from duolog.eventstore.streams import check_category, stream_name
from duolog.messages.event_handlers import EventHandler, event_handlers

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


# Classes of tests come and go; whoever is alive owns its category.
_OWNERS: "WeakValueDictionary[str, type[Aggregate[Any]]]" = WeakValueDictionary()


class Aggregate(Generic[Id]):
    """Base of an event-sourced entity.

    Declare ``category`` and one ``on_...`` method for each event type; methods that decide call `raise_event`. State
    changes only in the ``on_...`` methods, so that loading and deciding give the same entity.

    ```python
    class User(Aggregate[UserId]):
        category = "user"
        email: str

        def change_email(self, email: str) -> None:
            self.raise_event(EmailChanged(email=email))

        def on_email_changed(self, event: EmailChanged) -> None:
            self.email = event.email
    ```

    Args:
        id: the entity's id; with the category it names the stream.
    """

    category: ClassVar[str]
    _handlers: ClassVar[Mapping[type, EventHandler]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the category and the ``on_...`` methods when the class is made."""
        super().__init_subclass__(**kwargs)
        if "category" in cls.__dict__:
            _OWNERS[check_category(cls.category)] = cls
        cls._handlers = event_handlers(cls)

    def __init__(self, id: Id) -> None:  # noqa: A002 - an entity has an id
        self.id = id
        self._version = 0
        self._pending: list[object] = []

    @staticmethod
    def by_category(category: str) -> "type[Aggregate[Any]] | None":
        """Return the loaded aggregate class of a category, or None."""
        return _OWNERS.get(category)

    @classmethod
    def event_types(cls) -> tuple[type, ...]:
        """Return the event types that it applies."""
        return tuple(cls._handlers)

    @property
    def stream(self) -> str:
        """The name of its stream."""
        return stream_name(self.category, self.id)

    @property
    def version(self) -> int:
        """Its version, counting pending events."""
        return self._version

    @property
    def pending_events(self) -> PendingEvents:
        """Events that were raised and are not stored yet."""
        return PendingEvents(self._pending, Exactly(self._version - len(self._pending)))

    def clear_events(self) -> None:
        """Forget the pending events, after they were staged."""
        self._pending.clear()

    def raise_event(self, event: object) -> None:
        """Apply an event to the entity's state, and keep it until it is saved.

        Raises:
            ConfigurationError: no ``on_...`` method takes the event's type.
        """
        self.apply_event(event)
        self._pending.append(event)

    def apply_event(self, event: object) -> None:
        """Apply a stored event: call its ``on_...`` method and count the version.

        Raises:
            ConfigurationError: no ``on_...`` method takes the event's type.
        """
        handler = self._handlers.get(type(event))
        if handler is None:
            message = f"{type(self).__name__} has no on_... method for {type(event).__name__}"
            raise ConfigurationError(message, hint=f"Add `def on_...(self, event: {type(event).__name__}) -> None`.")
        getattr(self, handler.method)(event)
        self._version += 1

    def restore_version(self, version: int) -> None:
        """Set the version of an entity whose state was read from a table instead of its events."""
        self._version = version
        self._pending.clear()
