"""Events: stable names for what is recorded, so that classes may move or be renamed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from duolog.errors import UnnamedTypeError
from duolog.messages.names import check_stream_template, check_type_name, spec_of
from duolog.messages.tag import Tag

E = TypeVar("E")

JsonObject = dict[str, Any]

_SPEC: Final = "__duolog_event__"


@dataclass(frozen=True, slots=True)
class Upcast:
    """An event of another type that an upcaster makes of an old one.

    Attributes:
        type: its stored name; its class declares the old event in ``upcast_from``.
        version: the schema version that ``payload`` has; an older one is upcast further.
        payload: its JSON object.
    """

    type: str
    version: int
    payload: JsonObject = field(repr=False)


Upcasted = JsonObject | Upcast | Sequence[JsonObject | Upcast] | None
Upcaster = Callable[[JsonObject], Upcasted]


@dataclass(frozen=True, slots=True)
class EventSpec:
    """How an event class is stored.

    Attributes:
        name: dotted lower-case name, like ``user.created``.
        version: schema version of what is written now, from 1.
        cls: the class that was decorated.
        stream: template of the stream for published events, like ``user_notices-{user_id}``; empty otherwise.
        tags: computes an event's tags.
        upcasts: by stored version, the function that turns that version's JSON object into the next version's, or into
            other events.
        upcast_from: the event classes whose old versions may become events of this class.
    """

    name: str
    version: int
    cls: type
    stream: str = ""
    tags: Callable[[Any], Iterable[Tag]] | None = None
    upcasts: Mapping[int, Upcaster] = field(default_factory=dict[int, Upcaster])
    upcast_from: tuple[type, ...] = ()


def event(
    name: str,
    *,
    version: int = 1,
    stream: str = "",
    tags: Callable[[Any], Iterable[Tag]] | None = None,
    upcasts: Mapping[int, Upcaster] | None = None,
    upcast_from: Iterable[type] = (),
) -> Callable[[type[E]], type[E]]:
    """Give an event class its stable stored name. The outermost decorator.

    Args:
        name: dotted lower-case name, like ``user.created``; never reused for something else.
        version: schema version, raised by one whenever stored fields change.
        stream: for events that ``EventPublisher.publish`` records: a template over the event's fields,
            like ``user_notices-{user_id}``. Its category may not be an aggregate's.
        tags: computes the event's tags from the event.
        upcasts: one function for every older version: ``{1: v1_to_v2}`` for version 2. Each takes the stored
            JSON object and returns that of the next version; or a list of such objects and of `Upcast`, events of
            other types; or nothing, and the event is dropped.
        upcast_from: the event classes whose upcasts make events of this class, so that whoever reads this class's
            events reads those as well.

    Returns:
        A class decorator.

    Raises:
        UnnamedTypeError: the name or version is not allowed, an upcast is missing, a class of ``upcast_from`` has no
            ``@event``, or the stream's template is not of the form ``category-{field}`` over the event's fields.
    """
    check_type_name(name, version)
    steps = dict(upcasts or {})
    sources = tuple(upcast_from)
    for source in sources:
        event_spec(source)
    missing = [str(step) for step in range(1, version) if step not in steps]
    if missing or any(not 1 <= step < version for step in steps):
        message = f"{name!r} version {version} needs exactly the upcasts 1 to {version - 1}"
        raise UnnamedTypeError(message, hint=f"Missing: {', '.join(missing) or 'none; take out the others'}.")

    def register(cls: type[E]) -> type[E]:
        if stream:
            check_stream_template(stream, cls)
        setattr(cls, _SPEC, EventSpec(name, version, cls, stream, tags, steps, sources))
        return cls

    return register


def event_spec(cls: type) -> EventSpec:
    """Return how an event class is stored.

    Raises:
        UnnamedTypeError: the class has no ``@event``, or it is not the outermost decorator.
    """
    return spec_of(cls, _SPEC, EventSpec, decorator="event", use="stored")


def stored_names(cls: type) -> tuple[str, ...]:
    """Return the names under which events are stored that may be of this class today; its own comes first."""
    spec = event_spec(cls)
    return (spec.name, *(event_spec(source).name for source in spec.upcast_from))


def is_event(cls: type) -> bool:
    """Tell whether a class itself, not only a base, was decorated with ``@event``."""
    spec = getattr(cls, _SPEC, None)
    return isinstance(spec, EventSpec) and spec.cls is cls
