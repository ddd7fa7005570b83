"""Rule `shape`: messages, events and DTOs are immutable and have no room for more than their fields."""

from collections.abc import Iterator
from typing import Any, Final

from duolog.admin.checks.finding import Finding, finding
from duolog.admin.checks.results import result_types
from duolog.admin.class_kinds import is_data_class, is_struct
from duolog.admin.structure import ApplicationStructure

_RULE: Final = "shape"
_DATACLASS: Final = "Put @dataclass(frozen=True, slots=True) on it."


def check_shapes(structure: ApplicationStructure) -> Iterator[Finding]:
    """Find messages, events and DTOs that are not frozen and slotted dataclasses (or frozen structs)."""
    messages = [binding.message for binding in structure.bindings]
    names = structure.types.names()
    events = [spec.cls for name in names if (spec := structure.types.by_name(name)) is not None]
    results = [cls for binding in structure.bindings for cls in result_types(binding)]
    for cls in dict.fromkeys([*messages, *events, *results]):
        yield from _check(cls)


def _check(cls: Any) -> Iterator[Finding]:
    if is_struct(cls):
        if not cls.__struct_config__.frozen:
            yield from finding(
                _RULE, cls, "its instances can be changed", "Write `class ...(msgspec.Struct, frozen=True)`."
            )
        return
    if not is_data_class(cls):
        yield from finding(_RULE, cls, "it is neither a dataclass nor a msgspec.Struct", _DATACLASS)
        return
    if not cls.__dataclass_params__.frozen:
        yield from finding(_RULE, cls, "its instances can be changed", _DATACLASS)
    # Also a base without __slots__ gives every instance a dict.
    if cls.__dictoffset__ != 0:
        yield from finding(_RULE, cls, "its instances have a __dict__", f"{_DATACLASS} Its bases need slots as well.")
