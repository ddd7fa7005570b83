"""Finds the ``on_batch`` method of a class by the event types that it is annotated with."""

import inspect
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final, Union

from duolog.errors import ConfigurationError
from duolog.messages.event import event_spec
from duolog.messages.event_handlers import EventHandler
from duolog.messages.recorded import Recorded

ON_BATCH: Final = "on_batch"


def batch_handlers(cls: type) -> Mapping[type, EventHandler]:
    """Map each event type to ``on_batch`` that takes ``(self, events: Sequence[Recorded[E1 | E2]])``.

    Returns:
        Nothing if the class has no method of that name, or one that takes an event of a type ``Batch...``.

    Raises:
        ConfigurationError: its annotation cannot be resolved, or there is an ``on_...`` method beside it: nobody could
            tell in which order they have to run.
        UnnamedTypeError: an annotated type has no ``@event``.
    """
    function = inspect.getattr_static(cls, ON_BATCH, None)
    if not inspect.isfunction(function):
        return {}
    parameters = list(inspect.signature(function).parameters.values())[1:]
    members = _members(cls, function, parameters[0].name) if len(parameters) == 1 else ()
    if not members:
        return {}
    others = [name for name, _ in inspect.getmembers(cls, inspect.isfunction) if name.startswith("on_")]
    others.remove(ON_BATCH)
    if others:
        message = f"{cls.__module__}.{cls.__qualname__} has {ON_BATCH} and {others[0]}"
        raise ConfigurationError(message, hint=f"Let {ON_BATCH} take all of its events, so that their order is kept.")
    for event_type in members:
        event_spec(event_type)
    return dict.fromkeys(members, EventHandler(ON_BATCH, takes_recorded=True))


def _members(cls: type, function: Any, parameter: str) -> tuple[type, ...]:
    where = f"{cls.__module__}.{cls.__qualname__}.{ON_BATCH}"
    try:
        hint = typing.get_type_hints(function).get(parameter)
    except NameError as error:
        message = f"{where}: the annotation cannot be resolved: {error}"
        raise ConfigurationError(message, hint="Import the events' classes in the module that names them.") from error
    if typing.get_origin(hint) is not Sequence:
        return ()
    (item,) = typing.get_args(hint)
    if typing.get_origin(item) is not Recorded:
        message = f"{where} must take a sequence of recorded events"
        raise ConfigurationError(message, hint=f"Write `{parameter}: Sequence[Recorded[SomeEvent | Another]]`.")
    (wanted,) = typing.get_args(item)
    is_union = typing.get_origin(wanted) in (Union, types.UnionType)
    members: tuple[Any, ...] = typing.get_args(wanted) if is_union else (wanted,)
    if not all(isinstance(member, type) for member in members):
        message = f"{where}: {parameter!r} must name event classes"
        raise ConfigurationError(message, hint=f"Write `{parameter}: Sequence[Recorded[SomeEvent | Another]]`.")
    return members
