"""The map of an application: command → events → projections → queries, and events → processes → commands."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from duolog.admin.structure import ApplicationStructure
from duolog.messages.event import event_spec, is_event

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_]")
_NONE: Final = "    -> none that can be told from the code"


@dataclass(frozen=True, slots=True)
class MappedCommand:
    """A command and what it may record.

    Attributes:
        name: its class.
        handler: its interactor.
        events: stored names that it may record: those of every entity that its constructors reach, and those that
            the code behind it publishes or stages. Which of them one call records is not decidable from the code.
    """

    name: str
    handler: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedProjection:
    """A projection and the events that it folds.

    Attributes:
        name: its name.
        version: its version.
        events: their stored names.
    """

    name: str
    version: int
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedView:
    """A materialized view and what it reads.

    Attributes:
        name: its name.
        version: its version.
        reads: names of views, and of the application's own tables.
    """

    name: str
    version: int
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedQuery:
    """A query and the projections whose views it reads.

    Attributes:
        name: its class.
        handler: its query service.
        reads: names of the projections; none means tables.
    """

    name: str
    handler: str
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MappedProcess:
    """A reactor or process manager, the events that it takes, and the commands that it may send.

    Attributes:
        name: its name.
        events: stored names of the events.
        commands: their classes: those that its own code hands to ``send``.
    """

    name: str
    events: tuple[str, ...]
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageMap:
    """An application's messages, and how one leads to the other.

    Attributes:
        commands: in the order of the handlers.
        projections: in the order of the application.
        queries: in the order of the handlers.
        unprojected: stored names of registered events that no projection folds.
        materialized_views: each behind those that it reads.
        processes: in the order of the application.
    """

    commands: Sequence[MappedCommand]
    projections: Sequence[MappedProjection]
    queries: Sequence[MappedQuery]
    unprojected: Sequence[str]
    materialized_views: Sequence[MappedView] = ()
    processes: Sequence[MappedProcess] = ()


def message_map(structure: ApplicationStructure) -> MessageMap:
    """Draw the map of an application from its registry; nothing of it runs."""
    commands: list[MappedCommand] = []
    for binding in structure.commands:
        recorded = [event for entity in structure.entities_of(binding) for event in entity.event_types()]
        handed = [*structure.published_by(binding), *structure.staged_by(binding)]
        recorded += [event for _, event in handed if is_event(event)]
        events = sorted({event_spec(event).name for event in recorded})
        commands.append(MappedCommand(binding.name, _name(binding.handler), tuple(events)))
    projections = [MappedProjection(each.name, each.version, _names(each.handlers())) for each in structure.projections]
    queries = [
        MappedQuery(binding.name, _name(binding.handler), tuple(view.name for view in binding.reads))
        for binding in structure.queries
    ]
    projected = {event for projection in projections for event in projection.events}
    views = [
        MappedView(each.name, each.version, (*(source.name for source in each.reads), *each.tables))
        for each in structure.materialized_views
    ]
    unprojected = [each for each in structure.types.names() if each not in projected]
    processes = [
        MappedProcess(each.name, _names(each.handlers()), tuple(structure.sent_by(each)))
        for each in structure.processes
    ]
    return MessageMap(commands, projections, queries, unprojected, views, processes)


def as_mermaid(message_map: MessageMap) -> str:
    """Write a map as a Mermaid flow chart."""
    lines = ["flowchart LR"]
    events: set[str] = set(message_map.unprojected)
    for command in message_map.commands:
        lines.append(f'    c_{_id(command.name)}["{command.name}"]')
        events.update(command.events)
    for projection in message_map.projections:
        events.update(projection.events)
    for process in message_map.processes:
        events.update(process.events)
    lines += [f'    e_{_id(event)}(["{event}"])' for event in sorted(events)]
    views: list[MappedProjection | MappedView] = [*message_map.projections, *message_map.materialized_views]
    lines += [f'    p_{_id(each.name)}[("{each.name} v{each.version}")]' for each in views]
    lines += [f'    r_{_id(each.name)}{{{{"{each.name}"}}}}' for each in message_map.processes]
    lines += [f'    q_{_id(each.name)}["{each.name}"]' for each in message_map.queries]
    for command in message_map.commands:
        lines += [f"    c_{_id(command.name)} -.-> e_{_id(event)}" for event in command.events]
    for projection in message_map.projections:
        lines += [f"    e_{_id(event)} --> p_{_id(projection.name)}" for event in projection.events]
    for process in message_map.processes:
        lines += [f"    e_{_id(event)} --> r_{_id(process.name)}" for event in process.events]
        lines += [f"    r_{_id(process.name)} -.-> c_{_id(command)}" for command in process.commands]
    known = {each.name for each in views}
    for view in message_map.materialized_views:
        lines += [f"    p_{_id(name)} --> p_{_id(view.name)}" for name in view.reads if name in known]
    for query in message_map.queries:
        lines += [f"    p_{_id(view)} --> q_{_id(query.name)}" for view in query.reads]
    return "\n".join(lines)


def as_text(message_map: MessageMap) -> str:
    """Write a map as indented text."""
    lines = ["commands, and the events that each may record"]
    for command in message_map.commands:
        lines.append(f"  {command.name} ({command.handler})")
        lines += [f"    -> {event}" for event in command.events] or [_NONE]
    lines += ["", "projections, and the events that each folds"]
    for projection in message_map.projections:
        lines.append(f"  {projection.name} version {projection.version}")
        lines += [f"    <- {event}" for event in projection.events]
    if message_map.materialized_views:
        lines += ["", "materialized views, and what each reads"]
    for view in message_map.materialized_views:
        lines.append(f"  {view.name} version {view.version}")
        lines += [f"    <- {name}" for name in view.reads]
    if message_map.processes:
        lines += ["", "reactors and process managers, the events that each takes, and the commands that it may send"]
    for process in message_map.processes:
        lines.append(f"  {process.name}")
        lines += [f"    <- {event}" for event in process.events]
        lines += [f"    -> {command}" for command in process.commands] or [_NONE]
    lines += ["", "queries, and the projections that each reads"]
    for query in message_map.queries:
        lines.append(f"  {query.name} ({query.handler})")
        lines += [f"    <- {view}" for view in query.reads] or ["    <- tables"]
    if message_map.unprojected:
        lines += ["", "events that no projection folds", *(f"  {event}" for event in message_map.unprojected)]
    return "\n".join(lines)


def _names(events: Iterable[type]) -> tuple[str, ...]:
    return tuple(sorted(event_spec(cls).name for cls in events))


def _name(handler: object) -> str:
    return getattr(handler, "__name__", repr(handler))


def _id(name: str) -> str:
    return _UNSAFE.sub("_", name)
