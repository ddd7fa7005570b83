"""Deciders: event-sourced entities as three functions, for those who prefer functions to methods.

The form is Jérémie Chassaing's (https://thinkbeforecoding.com/post/2021/12/17/functional-event-sourcing-decider).
"""

import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from duolog.errors import ConfigurationError
from duolog.eventstore.streams import check_category, stream_name
from duolog.messages.event import event_spec
from duolog.messages.event_handlers import annotated_events
from duolog.messages.immutability import is_immutable, is_open
from duolog.write.event_sourced import EventSourced
from duolog.write.snapshots import SnapshotPolicy

C = TypeVar("C")
S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Decider(Generic[C, S, E]):
    """Decides what a command does to a state: pure functions, which touch nothing but their arguments.

    ```python
    def decide(command: AddItem | Empty, cart: Cart) -> Sequence[ItemAdded | Emptied]: ...
    def evolve(cart: Cart, event: ItemAdded | Emptied) -> Cart: ...

    CART = Decider(category="cart", initial=Cart(), decide=decide, evolve=evolve)

    carts = EventSourcedRepository(CART, unit)
    cart = await carts.find_or_new(cart_id)
    cart.decide(AddItem("book"))
    await carts.save(cart)
    ```

    Attributes:
        category: of its streams.
        initial: the state before the first event. States are immutable values: they are shared. Where the class of this
            one does not say so, like a frozen one with a list in it, each entity begins with a copy.
        decide: what happens when this is asked of a state; raises what refuses it.
        evolve: the state after an event; its second parameter is annotated with the event types.
        snapshots: how often snapshots of the state are taken, where streams are long.

    Raises:
        StreamNameError: the category is not allowed.
        ConfigurationError: ``evolve`` is not annotated with event classes, snapshots are not of the state's class, or a
            state is a dataclass or struct that is not frozen.
        UnnamedTypeError: an annotated class has no ``@event``.
    """

    category: str
    initial: S
    decide: Callable[[C, S], Sequence[E]]
    evolve: Callable[[S, E], S]
    snapshots: SnapshotPolicy | None = None
    _events: tuple[type, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the category and the states, and find the event types."""
        check_category(self.category)
        for cls in _state_classes(self.initial, self.evolve):
            if is_open(cls):
                message = f"the state {cls.__name__} of {self.category!r} can be changed in place"
                hint = "Put @dataclass(frozen=True, slots=True) on it, and let `evolve` return a new one."
                raise ConfigurationError(message, hint=hint)
        if self.snapshots is not None and not isinstance(self.initial, self.snapshots.state):
            message = f"snapshots of {self.category!r} are {self.snapshots.state.__name__}, its state is not"
            raise ConfigurationError(message, hint="Write `SnapshotPolicy(TheStateClass)`.")
        object.__setattr__(self, "_events", _events_of(self.evolve))

    def __call__(self, id: object, /) -> "DeciderEntity[C, S, E]":  # noqa: A002 - an entity has an id
        """Return a new entity, in the initial state."""
        return DeciderEntity(self, id)

    def new_state(self) -> S:
        """Return an initial state that shares nothing that can be changed with another one."""
        return self.initial if is_immutable(type(self.initial)) else deepcopy(self.initial)

    def event_types(self) -> tuple[type, ...]:
        """Return the event types that it evolves by."""
        return self._events


class DeciderEntity(EventSourced[object], Generic[C, S, E]):
    """One entity of a decider: its present state, and the events that it decided and that are not saved yet.

    Args:
        decider: its functions.
        id: its id; with the decider's category it names the stream.
    """

    def __init__(self, decider: Decider[C, S, E], id: object) -> None:  # noqa: A002 - an entity has an id
        super().__init__(id)
        self._decider = decider
        self._state = decider.new_state()

    @property
    def stream(self) -> str:
        """The name of its stream."""
        return stream_name(self._decider.category, self.id)

    @property
    def kind(self) -> Decider[C, S, E]:
        """Its decider."""
        return self._decider

    @property
    def snapshot_policy(self) -> SnapshotPolicy | None:
        """What its decider says of snapshots."""
        return self._decider.snapshots

    @property
    def state(self) -> S:
        """Its present state."""
        return self._state

    def decide(self, command: C) -> Sequence[E]:
        """Decide, and keep the events until they are saved.

        Returns:
            What happened; nothing if the command changes nothing.

        Raises:
            ConfigurationError: ``evolve`` does not take one of the events.
            Exception: what ``decide`` raises; nothing is changed.
        """
        before = self._state
        events = tuple(self._decider.decide(command, before))
        try:
            for event in events:
                self._change(event)
        except BaseException:
            self._state = before
            raise
        self._version += len(events)
        self._pending.extend(events)
        return events

    def to_snapshot(self) -> S:
        """Return its state."""
        return self._state

    def restore_snapshot(self, state: S) -> None:
        """Take over a state."""
        self._state = state

    def freeze(self) -> S | None:
        """Return its state, which is shared as it is; None if its class does not keep it from being changed."""
        return self._state if is_immutable(type(self._state)) else None

    def thaw(self, frozen: S) -> None:
        """Take over a state."""
        self._state = frozen

    def _change(self, event: Any) -> None:
        if type(event) not in self._decider.event_types():
            message = f"the decider of {self._decider.category!r} does not evolve by {type(event).__name__}"
            raise ConfigurationError(message, hint="Annotate the second parameter of `evolve` with all its events.")
        self._state = self._decider.evolve(self._state, event)


def _events_of(evolve: Callable[..., object]) -> tuple[type, ...]:
    where = f"{evolve.__module__}.{evolve.__qualname__}"
    parameters = list(inspect.signature(evolve).parameters)
    if len(parameters) != 2:  # noqa: PLR2004 - state and event
        message = f"{where} must take a state and an event"
        raise ConfigurationError(message, hint="Write `def evolve(state: State, event: SomeEvent) -> State`.")
    events = annotated_events(evolve, parameters[1], where)
    for event_type in events:
        event_spec(event_type)
    return events


def _state_classes(initial: object, evolve: Callable[..., object]) -> Iterator[type]:
    yield type(initial)
    try:
        returned = typing.get_type_hints(evolve).get("return")
    except (NameError, TypeError):  # names that only a type checker sees
        return
    yield from (each for each in (returned, *typing.get_args(returned)) if isinstance(each, type))
