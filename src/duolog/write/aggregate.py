"""Entities that change only by applying events."""

from collections.abc import Mapping
from typing import Any, ClassVar
from weakref import WeakValueDictionary

from duolog.codec.snapshot_codec import decode_state, encode_state
from duolog.errors import ConfigurationError
from duolog.eventstore.streams import check_category, stream_name
from duolog.messages.event_handlers import EventHandler, event_handlers
from duolog.write.event_sourced import EventSourced, Id
from duolog.write.snapshots import SnapshotPolicy

# Classes of tests come and go; whoever is alive owns its category.
_OWNERS: "WeakValueDictionary[str, type[Aggregate[Any]]]" = WeakValueDictionary()


class Aggregate(EventSourced[Id]):
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

    An aggregate with long streams declares ``snapshots = SnapshotPolicy(UserState, every=100)`` and the methods
    `to_snapshot` and `restore_snapshot`.

    Args:
        id: the entity's id; with the category it names the stream.
    """

    category: ClassVar[str]
    snapshots: ClassVar[SnapshotPolicy | None] = None
    _handlers: ClassVar[Mapping[type, EventHandler]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the category, the ``on_...`` methods and how snapshots are made when the class is made."""
        super().__init_subclass__(**kwargs)
        if "category" in cls.__dict__:
            _OWNERS[check_category(cls.category)] = cls
        cls._handlers = event_handlers(cls)
        if cls.snapshots is not None and any(
            getattr(cls, method) is vars(Aggregate)[method] for method in ("to_snapshot", "restore_snapshot")
        ):
            raise _without_snapshots(cls)

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
    def kind(self) -> type:
        """Its class."""
        return type(self)

    @property
    def snapshot_policy(self) -> SnapshotPolicy | None:
        """What its class declares as ``snapshots``."""
        return self.snapshots

    def raise_event(self, event: object) -> None:
        """Apply an event to the entity's state, and keep it until it is saved.

        Raises:
            ConfigurationError: no ``on_...`` method takes the event's type.
        """
        self.apply_event(event)
        self._pending.append(event)

    def to_snapshot(self) -> object:
        """Return its state, as an instance of ``snapshots.state``; to be overridden where ``snapshots`` is declared."""
        raise _without_snapshots(type(self))

    def restore_snapshot(self, state: Any) -> None:  # noqa: ARG002 - those that override it take it
        """Take over a state that `to_snapshot` returned; to be overridden where ``snapshots`` is declared.

        Args:
            state: an instance of ``snapshots.state``, which nobody else has.
        """
        raise _without_snapshots(type(self))

    def freeze(self) -> object | None:
        """Return its encoded snapshot, which no later change reaches; None where it declares none."""
        return encode_state(self.to_snapshot()) if self.snapshots is not None else None

    def thaw(self, frozen: bytes) -> None:
        """Take over an encoded snapshot."""
        if self.snapshots is None:
            raise _without_snapshots(type(self))
        self.restore_snapshot(decode_state(frozen, self.snapshots.state))

    def _change(self, event: object) -> None:
        handler = self._handlers.get(type(event))
        if handler is None:
            message = f"{type(self).__name__} has no on_... method for {type(event).__name__}"
            raise ConfigurationError(message, hint=f"Add `def on_...(self, event: {type(event).__name__}) -> None`.")
        getattr(self, handler.method)(event)


def _without_snapshots(cls: type) -> ConfigurationError:
    message = f"{cls.__module__}.{cls.__qualname__} does not say how its snapshots are made"
    return ConfigurationError(
        message, hint="Declare `snapshots`, and write `to_snapshot(self)` and `restore_snapshot(self, state)`."
    )
