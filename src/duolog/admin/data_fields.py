"""The fields of data classes: their types, and whether the repr shows them."""

import dataclasses
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from duolog.admin.class_kinds import is_data_class, is_struct


@dataclass(frozen=True, slots=True)
class DataField:
    """A field of a dataclass or a struct.

    Attributes:
        name: its name.
        hint: its annotation; Any where it cannot be resolved.
        is_shown: the repr of its class shows it.
    """

    name: str
    hint: Any
    is_shown: bool


def fields_of(cls: Any) -> Iterator[DataField]:
    """Return the fields of a dataclass or a struct, in order; nothing for other classes."""
    hints = _hints(cls)
    if is_data_class(cls):
        yield from (DataField(field.name, hints.get(field.name, Any), field.repr) for field in dataclasses.fields(cls))
    elif is_struct(cls):
        is_shown = cls.__repr__ is msgspec.Struct.__repr__
        yield from (DataField(name, hints.get(name, Any), is_shown) for name in cls.__struct_fields__)


def kinds_in(hint: Any) -> Iterator[type]:
    """Return the classes that an annotation names, the most inner ones; ``object`` for what is left open."""
    if isinstance(hint, typing.NewType):
        hint = hint.__supertype__
    arguments = [each for each in typing.get_args(hint) if each is not Ellipsis]
    if typing.get_origin(hint) is typing.Annotated:
        arguments = arguments[:1]
    if typing.get_origin(hint) is typing.Literal:
        arguments = []
    for each in arguments:
        yield from kinds_in(each)
    if not arguments:
        yield hint if isinstance(hint, type) else object


def _hints(cls: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(cls)
    except (NameError, TypeError):
        return {}
