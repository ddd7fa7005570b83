"""Events: stable names for what is recorded, so that classes may move or be renamed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from duolog.errors import UnnamedTypeError
from duolog.messages.names import check_stream_template, check_type_name
from duolog.messages.tag import Tag

E = TypeVar("E")

JsonObject = dict[str, Any]
Upcaster = Callable[[JsonObject], JsonObject]

_SPEC: Final = "__duolog_event__"


@dataclass(frozen=True, slots=True)
class EventSpec:
    """How an event class is stored.

    Attributes:
        name: dotted lower-case name, like ``user.created``.
        version: schema version of what is written now, from 1.
        cls: the class that was decorated.
        stream: template of the stream for published events, like ``user_notices-{user_id}``; empty otherwise.
        tags: computes an event's tags.
        upcasts: by stored version, the function that turns that version's JSON object into the next version's.
    """

    name: str
    version: int
    cls: type
    stream: str = ""
    tags: Callable[[Any], Iterable[Tag]] | None = None
    upcasts: Mapping[int, Upcaster] = field(default_factory=dict[int, Upcaster])


def event(
    name: str,
    *,
    version: int = 1,
    stream: str = "",
    tags: Callable[[Any], Iterable[Tag]] | None = None,
    upcasts: Mapping[int, Upcaster] | None = None,
) -> Callable[[type[E]], type[E]]:
    """Give an event class its stable stored name. The outermost decorator.

    Args:
        name: dotted lower-case name, like ``user.created``; never reused for something else.
        version: schema version, raised by one whenever stored fields change.
        stream: for events that ``EventPublisher.publish`` records: a template over the event's fields,
            like ``user_notices-{user_id}``. Its category may not be an aggregate's.
        tags: computes the event's tags from the event.
        upcasts: one function for every older version: ``{1: v1_to_v2}`` for version 2. Each takes the stored
            JSON object and returns that of the next version.

    Returns:
        A class decorator.

    Raises:
        UnnamedTypeError: the name or version is not allowed, an upcast is missing, or the stream's template is not of
            the form ``category-{field}`` over the event's fields.
    """
    check_type_name(name, version)
    steps = dict(upcasts or {})
    missing = [str(step) for step in range(1, version) if step not in steps]
    if missing or any(not 1 <= step < version for step in steps):
        message = f"{name!r} version {version} needs exactly the upcasts 1 to {version - 1}"
        raise UnnamedTypeError(message, hint=f"Missing: {', '.join(missing) or 'none; take out the others'}.")

    def register(cls: type[E]) -> type[E]:
        if stream:
            check_stream_template(stream, cls)
        setattr(cls, _SPEC, EventSpec(name, version, cls, stream, tags, steps))
        return cls

    return register


def event_spec(cls: type) -> EventSpec:
    """Return how an event class is stored.

    Raises:
        UnnamedTypeError: the class has no ``@event``, or it is not the outermost decorator.
    """
    spec = getattr(cls, _SPEC, None)
    if not isinstance(spec, EventSpec):
        message = f"{cls.__module__}.{cls.__qualname__} is stored, but has no name"
        raise UnnamedTypeError(message, hint=f'Put @event("...") above class {cls.__name__}.')
    if spec.cls is not cls:
        message = f"@event({spec.name!r}) is not the outermost decorator of {cls.__module__}.{cls.__qualname__}"
        raise UnnamedTypeError(message, hint="Put @event above @dataclass, and on the subclass itself.")
    return spec


def is_event(cls: type) -> bool:
    """Tell whether a class itself, not only a base, was decorated with ``@event``."""
    spec = getattr(cls, _SPEC, None)
    return isinstance(spec, EventSpec) and spec.cls is cls
