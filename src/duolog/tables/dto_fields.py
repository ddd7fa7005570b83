"""The fields of a DTO: a dataclass, a msgspec struct or a TypedDict."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import inspect

from duolog.errors import ConfigurationError

_SCALARS: Final = (
    inspect.StrType,
    inspect.IntType,
    inspect.FloatType,
    inspect.BoolType,
    inspect.NoneType,
    inspect.BytesType,
    inspect.UUIDType,
    inspect.DateTimeType,
    inspect.DateType,
    inspect.TimeType,
    inspect.TimeDeltaType,
    inspect.DecimalType,
    inspect.EnumType,
    inspect.LiteralType,
    inspect.AnyType,
    inspect.RawType,
)


@dataclass(frozen=True, slots=True)
class DtoField:
    """One field of a DTO.

    Attributes:
        name: what its column is called.
        type: its type, as msgspec describes it.
        is_document: it holds something with members, which a column keeps as a JSON text.
    """

    name: str
    type: inspect.Type
    is_document: bool


@lru_cache(maxsize=1_024)
def dto_fields(into: type) -> tuple[DtoField, ...]:
    """Return the fields of a DTO in their order.

    Args:
        into: a dataclass, a msgspec struct or a TypedDict.

    Returns:
        Nothing for any other type.
    """
    kind: Any = inspect.type_info(into)
    if not isinstance(kind, inspect.DataclassType | inspect.StructType | inspect.TypedDictType):
        return ()
    return tuple(DtoField(field.encode_name, field.type, _is_document(field.type)) for field in kind.fields)


@lru_cache(maxsize=1_024)
def document_names(into: type) -> tuple[str, ...]:
    """Return the names of a DTO's fields that columns keep as JSON texts."""
    return tuple(field.name for field in dto_fields(into) if field.is_document)


def column_names(into: type) -> tuple[str, ...]:
    """Return the names of the columns that a DTO is made from.

    Raises:
        ConfigurationError: it has no fields.
    """
    try:
        names = tuple(field.name for field in dto_fields(into))
    except (TypeError, NameError, msgspec.MsgspecError) as error:
        message = f"{into.__qualname__} cannot be made from a row: {error}"
        raise ConfigurationError(message, hint="Use types that msgspec knows, at the top of a module.") from error
    if not names:
        message = f"{into.__qualname__} has no fields to make from columns"
        raise ConfigurationError(message, hint="Use a dataclass, a msgspec.Struct or a TypedDict.")
    return names


def _is_document(kind: inspect.Type) -> bool:
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    if any(isinstance(each, inspect.StrType) for each in kinds):
        return False  # the text itself may be meant
    return any(not isinstance(each, _SCALARS) for each in kinds)
