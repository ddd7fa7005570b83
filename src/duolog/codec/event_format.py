"""How one event class is encoded and decoded, found out once instead of for each event."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import inspect

from duolog.messages.event import EventSpec

_PLAIN: Final = (
    inspect.BoolType,
    inspect.IntType,
    inspect.StrType,
    inspect.UUIDType,
    inspect.DateTimeType,
    inspect.DateType,
    inspect.TimeType,
    inspect.DecimalType,
    inspect.BytesType,
)


class EventFormat:
    """An event class as the codec uses it.

    Attributes:
        spec: how the class is stored.
        version: the spec's.
        decode: makes an instance of JSON, or raises `msgspec.ValidationError`.
        is_flat: whether what decodes has only whole numbers, truth values and texts, on one level.

    Raises:
        TypeError: msgspec cannot decode such a class.
    """

    __slots__ = ("decode", "is_flat", "spec", "version")

    def __init__(self, spec: EventSpec) -> None:
        self.spec = spec
        self.version = spec.version
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(spec.cls).decode
        self.is_flat = _is_flat(spec.cls)


def _is_flat(cls: type) -> bool:
    described = inspect.type_info(cls)
    return isinstance(described, inspect.DataclassType | inspect.StructType) and all(
        isinstance(field.type, _PLAIN) for field in described.fields
    )
