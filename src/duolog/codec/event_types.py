"""The registry of event types: stored names to classes. Nothing stored is ever imported by name."""

import inspect
from collections.abc import Iterable, Iterator
from types import ModuleType

from duolog.errors import UnnamedTypeError
from duolog.messages.event import EventSpec, event_spec, is_event


class EventTypes:
    """Knows the event classes of one application by their stored names."""

    __slots__ = ("_by_class", "_by_name")

    def __init__(self, members: Iterable[type | ModuleType] = ()) -> None:
        self._by_name: dict[str, EventSpec] = {}
        self._by_class: dict[type, EventSpec] = {}
        self.add_all(members)

    def add(self, cls: type) -> EventSpec:
        """Register an event class, with those that it is upcast from; registering it again changes nothing.

        Raises:
            UnnamedTypeError: it has no ``@event``, or another class has its name.
        """
        known = self._by_class.get(cls)
        if known is not None:
            return known
        spec = event_spec(cls)
        other = self._by_name.get(spec.name)
        if other is not None:
            message = (
                f"{cls.__module__}.{cls.__qualname__} and {other.cls.__module__}.{other.cls.__qualname__} "
                f"are both stored as {spec.name!r}"
            )
            raise UnnamedTypeError(message, hint="Give each event class a name of its own.")
        self._by_name[spec.name] = spec
        self._by_class[cls] = spec
        self.add_all(spec.upcast_from)
        return spec

    def add_all(self, members: Iterable[type | ModuleType]) -> None:
        """Register event classes, and all event classes that the given modules define or import.

        Raises:
            UnnamedTypeError: a class has no ``@event``, or two share a name.
        """
        for member in members:
            if isinstance(member, ModuleType):
                for _, cls in inspect.getmembers(member, inspect.isclass):
                    if is_event(cls):
                        self.add(cls)
            else:
                self.add(member)

    def __iter__(self) -> Iterator[EventSpec]:
        """Iterate over all registered specs, by name."""
        return iter([self._by_name[name] for name in self.names()])

    def by_name(self, name: str) -> EventSpec | None:
        """Return the spec for a stored name, or None if no registered class has it."""
        return self._by_name.get(name)

    def names(self) -> tuple[str, ...]:
        """Return all stored names, sorted."""
        return tuple(sorted(self._by_name))
