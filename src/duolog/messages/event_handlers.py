"""Finds the ``on_...`` methods of a class by the event type that each is annotated with."""

import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union

from duolog.errors import ConfigurationError
from duolog.messages.event import event_spec

_WITH_RECORDED = 2
_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class EventHandler:
    """One ``on_...`` method.

    Attributes:
        method: its name.
        takes_recorded: it takes the recorded event (position, metadata) as its second argument.
    """

    method: str
    takes_recorded: bool


def event_handlers(cls: type, *, besides: str = "on_...") -> Mapping[type, EventHandler]:
    """Map each event type to the ``on_...`` method of ``cls`` that is annotated with it.

    A method takes ``(self, event: E)`` or ``(self, event: E1 | E2)``, and may take the recorded event second.

    Args:
        cls: the class.
        besides: methods whose names begin so are none for events.

    Raises:
        ConfigurationError: an annotation is missing or cannot be resolved, or two methods take one type.
        UnnamedTypeError: an annotated type has no ``@event``.
    """
    found: dict[type, EventHandler] = {}
    for method, function in inspect.getmembers(cls, inspect.isfunction):
        if not method.startswith("on_") or method.startswith(besides):
            continue
        where = f"{cls.__module__}.{cls.__qualname__}.{method}"
        parameters = list(inspect.signature(function).parameters.values())[1:]
        if not 1 <= len(parameters) <= _WITH_RECORDED or any(each.kind not in _BY_PLACE for each in parameters):
            message = f"{where} must take the event, and may take the recorded event as well"
            raise ConfigurationError(message, hint=f"Write `def {method}(self, event: SomeEvent)`.")
        handler = EventHandler(method, takes_recorded=len(parameters) == _WITH_RECORDED)
        for event_type in annotated_events(function, parameters[0].name, where):
            event_spec(event_type)
            if event_type in found:
                message = f"{where} and {found[event_type].method} both take {event_type.__name__}"
                raise ConfigurationError(message, hint="Keep one method for each event type.")
            found[event_type] = handler
    return found


def annotated_events(function: Any, parameter: str, where: str) -> tuple[type, ...]:
    """Return the classes that a parameter is annotated with: one, or a union's members.

    Args:
        function: the function.
        parameter: the parameter's name.
        where: what to call the function in errors.

    Raises:
        ConfigurationError: the annotation is missing, cannot be resolved, or names no class.
    """
    try:
        hint = typing.get_type_hints(function).get(parameter)
    except NameError as error:
        message = f"{where}: the annotation cannot be resolved: {error}"
        raise ConfigurationError(message, hint="Import the event's class in the module that names it.") from error
    is_union = typing.get_origin(hint) in (Union, types.UnionType)
    members: tuple[Any, ...] = typing.get_args(hint) if is_union else (hint,)
    if not all(isinstance(member, type) for member in members):
        message = f"{where}: parameter {parameter!r} must be annotated with an event class"
        raise ConfigurationError(message, hint=f"Write `{parameter}: SomeEvent`.")
    return members
