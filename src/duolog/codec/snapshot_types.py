"""Snapshot types: stable names for the states that are stored beside the log."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from duolog.errors import UnnamedTypeError
from duolog.messages.names import check_type_name

S = TypeVar("S")

_SPEC: Final = "__duolog_snapshot__"


@dataclass(frozen=True, slots=True)
class SnapshotSpec:
    """How a snapshot class is stored.

    Attributes:
        name: dotted lower-case name, like ``user.state``.
        version: schema version of what is written now, from 1; snapshots of another version are not read.
        cls: the class that was decorated.
    """

    name: str
    version: int
    cls: type


def snapshot(name: str, *, version: int = 1) -> Callable[[type[S]], type[S]]:
    """Give the class of an entity's state a stable stored name. The outermost decorator.

    A snapshot is never upcast: raise the version whenever the fields, or what they are computed from, change. Snapshots
    of other versions are ignored, and the entity is replayed.

    Args:
        name: dotted lower-case name, like ``user.state``.
        version: schema version, from 1.

    Returns:
        A class decorator, for a dataclass or a ``msgspec.Struct`` with annotated fields.

    Raises:
        UnnamedTypeError: the name or version is not allowed.
    """
    check_type_name(name, version)

    def register(cls: type[S]) -> type[S]:
        setattr(cls, _SPEC, SnapshotSpec(name, version, cls))
        return cls

    return register


def snapshot_spec(cls: type) -> SnapshotSpec:
    """Return how a snapshot class is stored.

    Raises:
        UnnamedTypeError: the class itself was not decorated with ``@snapshot``, or it is not the outermost decorator.
    """
    spec = getattr(cls, _SPEC, None)
    if not isinstance(spec, SnapshotSpec) or spec.cls is not cls:
        message = f"{cls.__module__}.{cls.__qualname__} is stored as a snapshot, but has no name"
        raise UnnamedTypeError(message, hint=f'Put @snapshot("...") above class {cls.__name__}, outermost.')
    return spec
