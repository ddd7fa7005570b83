"""What an application is made of: messages, handlers, events, projections, and what needs what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from duolog.admin.source_code import classes_named_in, classes_passed_to
from duolog.codec.event_types import EventTypes
from duolog.messages.binding import Binding, MessageKind
from duolog.projections.projection import Projection
from duolog.write.aggregate import Aggregate

Chain = tuple[type, ...]


@dataclass(frozen=True, slots=True)
class ApplicationStructure:
    """An application, taken apart; nothing in it runs.

    Attributes:
        name: the application's name.
        bindings: its messages with their handlers.
        projections: its projections.
        types: its registered event types.
        needs: by handler class, every type that it needs, with the chain of constructors that leads there.
    """

    name: str
    bindings: Sequence[Binding[Any, Any]]
    projections: Sequence[type[Projection]]
    types: EventTypes
    needs: Mapping[type, Mapping[type, Chain]]

    @property
    def commands(self) -> Sequence[Binding[Any, Any]]:
        """The bindings of commands."""
        return [binding for binding in self.bindings if binding.kind is MessageKind.COMMAND]

    @property
    def queries(self) -> Sequence[Binding[Any, Any]]:
        """The bindings of queries and stream queries."""
        return [binding for binding in self.bindings if binding.kind is not MessageKind.COMMAND]

    def aggregates_of(self, binding: Binding[Any, Any]) -> Sequence[type[Aggregate[Any]]]:
        """Return the aggregates that are named by a handler or by a class that it needs, by name."""
        found: set[type[Aggregate[Any]]] = set()
        for cls in self._classes_behind(binding):
            found.update(each for each in (cls, *classes_named_in(cls)) if _is_aggregate(each))
        return sorted(found, key=lambda cls: cls.__qualname__)

    def published_by(self, binding: Binding[Any, Any]) -> Sequence[tuple[type, type]]:
        """Return what a handler and the classes that it needs make in a call of ``publish``: (where, event class)."""
        return [(cls, event) for cls in self._classes_behind(binding) for event in classes_passed_to("publish", cls)]

    def _classes_behind(self, binding: Binding[Any, Any]) -> Iterator[type]:
        handler = cast("type", binding.handler)
        for cls in {handler: (), **self.needs.get(handler, {})}:
            if not is_of_duolog(cls):
                yield cls


def is_of_duolog(cls: type) -> bool:
    """Tell whether duolog itself defines a class."""
    return cls.__module__.partition(".")[0] == "duolog"


def _is_aggregate(cls: type) -> TypeGuard[type[Aggregate[Any]]]:
    return not is_of_duolog(cls) and issubclass(cls, Aggregate)
