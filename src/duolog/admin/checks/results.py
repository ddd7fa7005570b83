"""The classes that a handler's result is made of."""

import sys
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final, TypeVar

from duolog.admin.class_kinds import is_data_class, is_struct, is_tuple, is_typed_dict
from duolog.admin.structure import is_of_duolog
from duolog.messages.binding import Binding
from duolog.write.aggregate import Aggregate

_NO_DTO: Final = (Enum, str, int, dict, Aggregate)
_STANDARD: Final = sys.stdlib_module_names | {"msgspec"}


def result_hint(binding: Binding[Any, Any]) -> Any:
    """Return the annotation of what ``execute`` returns; None if there is none, or it cannot be resolved."""
    execute = getattr(binding.handler, "execute", None)
    try:
        return typing.get_type_hints(execute).get("return") if execute is not None else None
    except (NameError, TypeError):  # names that only a type checker sees: it has checked them
        return None


def classes_in(hint: Any) -> Iterator[type]:
    """Return the application's own classes in an annotation and, one after another, in the fields of those classes."""
    seen: set[Any] = set()
    waiting = [hint]
    while waiting:
        each = waiting.pop()
        if isinstance(each, typing.NewType):
            each = each.__supertype__
        origin = typing.get_origin(each)
        waiting += [argument for argument in typing.get_args(each) if not isinstance(argument, (str, TypeVar))]
        cls = origin or each
        if not isinstance(cls, type) or cls in seen:
            continue
        seen.add(cls)
        if cls.__module__.partition(".")[0] in _STANDARD:
            continue
        if not is_of_duolog(cls):
            yield cls
        if not issubclass(cls, Aggregate):
            waiting += _field_hints(cls)


def result_types(binding: Binding[Any, Any]) -> Iterator[type]:
    """Return the DTO classes of a handler's result; enumerations, tuples, TypedDicts and entities are none."""
    for cls in classes_in(result_hint(binding)):
        if not issubclass(cls, _NO_DTO) and not is_tuple(cls) and not is_typed_dict(cls):
            yield cls


def _field_hints(cls: Any) -> list[Any]:
    if not (is_data_class(cls) or is_struct(cls) or is_tuple(cls) or is_typed_dict(cls)):
        return []
    try:
        return list(typing.get_type_hints(cls).values())
    except (NameError, TypeError):
        return []
