"""Which kind of class one is; plain answers, which narrow no type for a checker."""

import dataclasses
import typing
from typing import Any

import msgspec


def is_struct(cls: Any) -> bool:
    """Tell whether a class is a `msgspec.Struct`."""
    return issubclass(cls, msgspec.Struct)


def is_data_class(cls: Any) -> bool:
    """Tell whether a class is a dataclass."""
    return dataclasses.is_dataclass(cls)


def is_typed_dict(cls: Any) -> bool:
    """Tell whether a class is a TypedDict."""
    return typing.is_typeddict(cls)


def is_tuple(cls: Any) -> bool:
    """Tell whether a class is a tuple, like a NamedTuple."""
    return issubclass(cls, tuple)
