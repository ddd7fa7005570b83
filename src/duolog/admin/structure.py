"""What an application is made of: messages, handlers, events, projections, and what needs what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, cast

from duolog.admin.call_arguments import classes_passed_to
from duolog.admin.source_code import named_in
from duolog.codec.event_types import EventTypes
from duolog.messages.binding import Binding, MessageKind
from duolog.process_managers.process_manager import Reactor
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.projection import Projection
from duolog.write.aggregate import Aggregate
from duolog.write.decider import Decider
from duolog.write.repository import EntityType

Chain = tuple[type, ...]


@dataclass(frozen=True, slots=True)
class ApplicationStructure:
    """An application, taken apart; nothing in it runs.

    Attributes:
        name: the application's name.
        bindings: its messages with their handlers.
        projections: its projections.
        materialized_views: its materialized views.
        types: its registered event types.
        needs: by handler class, every type that it needs, with the chain of constructors that leads there.
        processes: its reactors and process managers.
    """

    name: str
    bindings: Sequence[Binding[Any, Any]]
    projections: Sequence[type[Projection]]
    materialized_views: Sequence[type[MaterializedView]]
    types: EventTypes
    needs: Mapping[type, Mapping[type, Chain]]
    processes: Sequence[type[Reactor]] = ()

    @property
    def commands(self) -> Sequence[Binding[Any, Any]]:
        """The bindings of commands."""
        return [binding for binding in self.bindings if binding.kind is MessageKind.COMMAND]

    @property
    def queries(self) -> Sequence[Binding[Any, Any]]:
        """The bindings of queries and stream queries."""
        return [binding for binding in self.bindings if binding.kind is not MessageKind.COMMAND]

    def entities_of(self, binding: Binding[Any, Any]) -> Sequence[EntityType[Any]]:
        """Return the aggregates and deciders that a handler's source names, or that of a class that it needs."""
        found: dict[int, EntityType[Any]] = {}
        for cls in self._classes_behind(binding):
            for each in (cls, *named_in(cls)):
                if _is_entity(each):
                    found[id(each)] = each
        return sorted(found.values(), key=entity_name)

    def aggregates_of(self, binding: Binding[Any, Any]) -> Sequence[type[Aggregate[Any]]]:
        """Return the aggregates among a handler's entities, by name."""
        return [entity for entity in self.entities_of(binding) if _is_aggregate(entity)]

    def published_by(self, binding: Binding[Any, Any]) -> Sequence[tuple[type, type]]:
        """Return what a handler and the classes that it needs hand to ``publish``: (where, event class)."""
        return [(cls, event) for cls in self._classes_behind(binding) for event in classes_passed_to("publish", cls)]

    def staged_by(self, binding: Binding[Any, Any]) -> Sequence[tuple[type, type]]:
        """Return what they hand to ``stage`` of a unit or ``save`` of event streams: (where, event class)."""
        return [
            (cls, event)
            for cls in self._classes_behind(binding)
            for method in ("stage", "save")
            for event in classes_passed_to(method, cls)
        ]

    def sent_by(self, process: type[Reactor]) -> Sequence[str]:
        """Return the names of the commands that a reactor or process manager hands to ``send``."""
        known = {binding.message: binding.name for binding in self.commands}
        own = [cls for cls in process.__mro__ if issubclass(cls, Reactor) and not is_of_duolog(cls)]
        sent = {command for cls in own for command in classes_passed_to("send", cls)}
        return sorted(known[command] for command in sent if command in known)

    def _classes_behind(self, binding: Binding[Any, Any]) -> Iterator[type]:
        handler = cast("type", binding.handler)
        for cls in {handler: (), **self.needs.get(handler, {})}:
            if not is_of_duolog(cls):
                yield cls


def is_of_duolog(cls: type) -> bool:
    """Tell whether duolog itself defines a class."""
    return cls.__module__.partition(".")[0] == "duolog"


def entity_name(entity: EntityType[Any]) -> str:
    """Return an aggregate's class name, or a decider's category."""
    return entity.__name__ if isinstance(entity, type) else str(getattr(entity, "category", type(entity).__name__))


def _is_entity(each: object) -> TypeGuard[EntityType[Any]]:
    return _is_aggregate(each) or isinstance(each, Decider)


def _is_aggregate(each: object) -> TypeGuard[type[Aggregate[Any]]]:
    return isinstance(each, type) and not is_of_duolog(each) and issubclass(each, Aggregate)
