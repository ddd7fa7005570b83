"""Rule `event`: every event that the code records has a name, is registered, and has a stream to go to."""

from collections.abc import Iterator
from typing import Final

from duolog.admin.call_arguments import classes_passed_to
from duolog.admin.checks.finding import Finding, finding
from duolog.admin.structure import ApplicationStructure, entity_name
from duolog.messages.event import event_spec, is_event

_RULE: Final = "event"
_REGISTER: Final = "Give it, or its module, to Application(events=[...])."


def check_events(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find events of aggregates, published and staged ones that are unnamed or not registered.

    An event that is published must also declare a stream. Which events are published and staged is read from the
    source: ``publish(SomeEvent(...))``, ``stage(stream, [SomeEvent(...)])``, also by way of a local name.
    """
    entities = {id(each): each for binding in structure.commands for each in structure.entities_of(binding)}
    for entity in entities.values():
        for event in entity.event_types():
            yield from _check_registered(structure, event, f"{entity_name(entity)} applies it")
    aggregates = dict.fromkeys(each for binding in structure.commands for each in structure.aggregates_of(binding))
    for aggregate in aggregates:
        for event in classes_passed_to("raise_event", aggregate):
            if event not in aggregate.event_types():
                advice = f"Write `def on_...(self, event: {event.__name__}) -> None` in {aggregate.__name__}."
                yield from finding(
                    _RULE, event, f"{aggregate.__name__} raises it, but has no on_... method for it", advice
                )
    published = dict.fromkeys(each for binding in structure.commands for each in structure.published_by(binding))
    for where, event in published:
        yield from _check_recorded(structure, event, f"{where.__name__} publishes it")
        if is_event(event) and not event_spec(event).stream:
            advice = 'Write @event("...", stream="some_category-{some_field}").'
            yield from finding(_RULE, event, f"{where.__name__} publishes it, but it declares no stream", advice)

    staged = dict.fromkeys(each for binding in structure.commands for each in structure.staged_by(binding))
    for where, event in staged:
        if (where, event) not in published:
            yield from _check_recorded(structure, event, f"{where.__name__} stages it")


def _check_recorded(structure: ApplicationStructure, event: type, why: str) -> Iterator[Finding]:
    if is_event(event):
        yield from _check_registered(structure, event, why)
    else:
        yield from finding(_RULE, event, f"{why}, but it has no name", 'Put @event("...") on it.')


def _check_registered(structure: ApplicationStructure, event: type, why: str) -> Iterator[Finding]:
    known = structure.types.by_name(event_spec(event).name)
    if known is None:
        yield from finding(_RULE, event, f"{why}, but it is not registered: not every process can read it", _REGISTER)
