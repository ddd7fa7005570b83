"""Describes a class's JSON as plain data, so that two releases can be compared."""

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, cast

import msgspec
from msgspec import inspect as shapes

Schema = str | dict[str, Any] | list[Any]
"""A scalar's name, an object's fields by name, or the members of a union or a tuple."""

_Object = shapes.StructType | shapes.DataclassType | shapes.TypedDictType | shapes.NamedTupleType
_OBJECTS = (shapes.StructType, shapes.DataclassType, shapes.TypedDictType, shapes.NamedTupleType)


def describe(cls: Any) -> Schema:
    """Describe what a type looks like in JSON.

    Args:
        cls: a dataclass, a struct or any other annotation.

    Returns:
        A text for a scalar (``str``, ``int``, ``enum(admin|user)``, with its constraints), a mapping of fields for an
        object (a name ends in ``?`` where the field may be missing), ``{"[]": item}`` for an array, ``{"{}": value}``
        for a mapping and a list for a union. A type that msgspec does not know is told by its name. Class names are
        left out, since classes may be renamed.
    """
    try:
        return _describe(shapes.type_info(cls), ())
    except (TypeError, NameError):
        # One unknown field must not hide the others.
        return _fields_one_by_one(cls)


def _fields_one_by_one(cls: Any) -> Schema:
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        return _name(cls)
    hints = typing.get_type_hints(cls, include_extras=True)
    described: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        described[f"{field.name}?" if has_default else field.name] = describe(hints[field.name])
    return described


def _describe(shape: shapes.Type, above: tuple[object, ...]) -> Schema:
    if isinstance(shape, shapes.Metadata):
        return _describe(shape.type, above)
    if isinstance(shape, shapes.UnionType):
        return [_describe(each, above) for each in shape.types]
    if isinstance(shape, _OBJECTS):
        return _object(shape, above)
    return _container(shape, above) or _scalar(shape)


def _object(shape: _Object, above: tuple[object, ...]) -> Schema:
    if shape.cls in above:
        return "..."  # it holds itself
    fields = {
        field.encode_name + ("" if field.required else "?"): _describe(field.type, (*above, shape.cls))
        for field in shape.fields
    }
    if isinstance(shape, shapes.StructType) and shape.tag_field is not None:
        return {shape.tag_field: f"literal({shape.tag})", **fields}
    return fields


def _container(shape: shapes.Type, above: tuple[object, ...]) -> Schema | None:
    match shape:
        case shapes.DictType():
            return {"{}": _describe(shape.value_type, above)}
        case shapes.TupleType():
            return {"()": [_describe(each, above) for each in shape.item_types]}
        case shapes.ListType() | shapes.SetType() | shapes.FrozenSetType() | shapes.VarTupleType():
            return {"[]": _describe(shape.item_type, above)}
        case _:
            return None


def _scalar(shape: shapes.Type) -> str:
    """Name a scalar, with its constraints: ``str(max_length=100)``."""
    if isinstance(shape, shapes.EnumType):
        return f"enum({'|'.join(sorted(str(member.value) for member in shape.cls))})"
    if isinstance(shape, shapes.LiteralType):
        return f"literal({'|'.join(sorted(map(str, shape.values)))})"
    if isinstance(shape, shapes.CustomType):
        return _name(shape.cls)
    name = type(shape).__name__.removesuffix("Type").lower()
    constraints = {key: value for key, value in _members(shape).items() if value is not None and key != "encoding"}
    if not constraints:
        return name
    return f"{name}({', '.join(f'{key}={value}' for key, value in sorted(constraints.items()))})"


def _members(shape: shapes.Type) -> Mapping[str, Any]:
    return {name: getattr(shape, name) for name in cast("Any", shape).__struct_fields__}


def _name(cls: Any) -> str:
    return cls.__name__ if isinstance(cls, type) else str(cls)


def to_text(schema: Mapping[str, Any]) -> str:
    """Write a description as JSON text that stays the same and is read line by line in a diff."""
    ordered = msgspec.json.encode(schema, order="sorted")
    return msgspec.json.format(ordered, indent=2).decode() + "\n"
