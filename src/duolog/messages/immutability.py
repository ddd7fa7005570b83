"""Which states nobody can change in place, told by their classes."""

import dataclasses
import datetime as dt
import types
import typing
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Annotated, Any, Final, Literal, Union
from uuid import UUID

import msgspec

_IMMUTABLE: Final = (
    *(type(None), bool, int, float, complex, str, bytes),
    *(Enum, UUID, Decimal, dt.date, dt.time, dt.timedelta, dt.tzinfo, PurePath),
)


def is_open(cls: Any) -> bool:
    """Tell whether a class is a dataclass or a struct whose fields can be assigned to."""
    if not isinstance(cls, type):
        return False
    return not _is_frozen(cls) if _has_fields(cls) else False


def is_immutable(cls: Any) -> bool:
    """Tell whether nothing in an instance of a class can be changed in place, by its annotations.

    A frozen class with a list in it is not. What the annotations leave open, like a plain ``tuple``, is not either.
    """
    return _is_known_immutable(cls)


@cache
def _is_known_immutable(cls: Any) -> bool:
    return _is_immutable(cls, ())


def _is_immutable(hint: Any, above: tuple[object, ...]) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, typing.NewType):
        origin, arguments = Annotated, (hint.__supertype__,)
    if origin is Annotated:
        return _is_immutable(arguments[0], above)
    if origin in (Union, types.UnionType, tuple, frozenset):
        return all(_is_immutable(each, above) for each in arguments)
    if isinstance(hint, type) and _has_fields(hint) and hint not in above:
        return _is_frozen(hint) and all(_is_immutable(each, (*above, hint)) for each in _field_hints(hint))
    # One that holds itself is decided by its other fields.
    is_plain = isinstance(hint, type) and (hint in above or issubclass(hint, _IMMUTABLE))
    return is_plain or hint in (None, Ellipsis) or origin is Literal


def _field_hints(cls: type) -> list[Any]:
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except (NameError, TypeError):
        return [object]  # unknown, so perhaps mutable
    return [hint for hint in hints.values() if typing.get_origin(hint) is not typing.ClassVar]


def _has_fields(cls: Any) -> bool:
    return issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(cls)


def _is_frozen(cls: Any) -> bool:
    return bool(cls.__struct_config__.frozen if issubclass(cls, msgspec.Struct) else cls.__dataclass_params__.frozen)
