"""The bases of reactors and process managers: ``on_...`` methods that react to events with commands."""

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar
from uuid import UUID

from duolog.errors import ConfigurationError
from duolog.messages.event import JsonObject
from duolog.messages.event_handlers import EventHandler, event_handlers
from duolog.messages.names import check_type_name

S = TypeVar("S")

DEADLINE: Final = "on_deadline_"
LONGEST_KEY: Final = 150
"""Characters that a process's key may have."""

Keys = str | Mapping[type, str | Callable[[Any], str]]


class Reactor:
    """Base of a reactor: it answers events with commands, and remembers nothing.

    Declare a ``name``, and write one ``async on_...`` method for each event type. A method takes the event and the
    `Reaction`, by which it sends commands. Whatever else is to happen outside, like a mail, is done by a command's
    interactor. Commands of one stream's events are executed in order.

    A new reactor begins with the events that are recorded after its first start; ``starts = "beginning"`` lets it
    react to the whole log. It never reacts to an event twice, and takes no part in rebuilds.

    ```python
    class GreetNewUsers(Reactor):
        name = "greet_new_users"

        async def on_user_created(self, event: UserCreated, reaction: Reaction) -> None:
            reaction.send(GreetUserCommand(event.user_id))
    ```
    """

    name: str
    starts: ClassVar[Literal["now", "beginning"]] = "now"
    _handlers: ClassVar[Mapping[type, EventHandler]] = {}

    def __init_subclass__(cls, *, is_base: bool = False, **kwargs: object) -> None:
        """Check the name and the ``on_...`` methods when the class is made; of a base of others (``is_base``) not."""
        super().__init_subclass__(**kwargs)
        if is_base:
            return
        if not isinstance(getattr(cls, "name", None), str):
            message = f"{cls.__module__}.{cls.__qualname__} has no name"
            raise ConfigurationError(message, hint='Write `name = "greet_new_users"` in its body.')
        check_type_name(cls.name, 1)
        cls._handlers = event_handlers(cls, besides=DEADLINE)
        for handler in cls._handlers.values():
            _check_method(cls, handler.method)
            if not handler.takes_recorded:
                message = f"{cls.__qualname__}.{handler.method} must take the event and its reaction"
                raise ConfigurationError(message, hint=f"Write `async def {handler.method}(self, event, reaction)`.")
        if not cls._handlers:
            message = f"{cls.__qualname__} has no on_... method"
            raise ConfigurationError(message, hint="Write `async def on_...(self, event: ..., reaction: ...)`.")

    @classmethod
    def handlers(cls) -> Mapping[type, EventHandler]:
        """Return its ``on_...`` methods by event type."""
        return cls._handlers


class ProcessManager(Reactor, Generic[S], is_base=True):
    """Base of a process manager: a `Reactor` that remembers a state for each process, and sets deadlines.

    ``key`` says which process an event belongs to: the name of the events' field, or by event type the name of a field
    or a function. Methods take the event and the `Process`; ``async on_deadline_<name>(self, process)`` is called when
    the deadline is reached. The state is a frozen dataclass, or what else the codec stores; when its fields change,
    raise ``version``, and say in ``upcasts`` what makes a state of each former version one of the next.

    ```python
    class RemindInactiveUsers(ProcessManager[Reminded]):
        name, key = "remind_inactive_users", "user_id"

        async def on_user_created(self, event: UserCreated, process: Process[Reminded]) -> None:
            process.state = Reminded(times=0)
            process.set_deadline("inactive", after=timedelta(days=30))

        async def on_deadline_inactive(self, process: Process[Reminded]) -> None:
            process.send(SendReminderCommand(process.key))
            process.complete()
    ```
    """

    key: ClassVar[Keys]
    version: ClassVar[int] = 1
    upcasts: ClassVar[Mapping[int, Callable[[JsonObject], JsonObject]]] = {}
    state_type: ClassVar[Any] = None
    _deadlines: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, *, is_base: bool = False, **kwargs: object) -> None:
        """Check key, state and deadlines when the class is made; of a base of others (``is_base``) not."""
        super().__init_subclass__(is_base=is_base, **kwargs)
        if is_base:
            return
        check_type_name(cls.name, cls.version)
        cls.state_type = _state_type(cls)
        deadlines = [method for method, _ in inspect.getmembers(cls, inspect.isfunction) if method.startswith(DEADLINE)]
        for method in deadlines:
            _check_method(cls, method)
        cls._deadlines = frozenset(method.removeprefix(DEADLINE) for method in deadlines)
        missing = [event.__qualname__ for event in cls._handlers if not _has_key(cls, event)]
        if missing:
            message = f"{cls.__qualname__} does not say which process {', '.join(missing)} belongs to"
            raise ConfigurationError(message, hint='Write key = "field", or key = {SomeEvent: "field", ...}.')
        steps = [version for version in range(1, cls.version) if version not in cls.upcasts]
        if steps:
            message = f"{cls.__qualname__} is of version {cls.version}, and cannot read states of version {steps[0]}"
            raise ConfigurationError(message, hint=f"Write upcasts = {{{steps[0]}: ...}}, a function of JSON objects.")

    @classmethod
    def deadlines(cls) -> frozenset[str]:
        """Return the names of its deadlines."""
        return cls._deadlines

    @classmethod
    def key_of(cls, event: object) -> str:
        """Return the key of the process that an event belongs to.

        Raises:
            ConfigurationError: it is no text, whole number or UUID, or is too long.
        """
        declared = cls.key if isinstance(cls.key, str) else cls.key[type(event)]
        value = declared(event) if callable(declared) else getattr(event, declared)
        key = str(value) if isinstance(value, str | int | UUID) else ""
        if not 1 <= len(key) <= LONGEST_KEY:
            message = f"{cls.__qualname__}: {type(event).__qualname__} has no key of 1 to {LONGEST_KEY} characters"
            raise ConfigurationError(message, hint="Texts, whole numbers and UUIDs can be keys.")
        return key


def manager_of(reactor: Any) -> type[ProcessManager[Any]] | None:
    """Return a class that is a process manager's; None for that of a plain reactor."""
    is_manager = bool(
        issubclass(reactor, ProcessManager)
    )  # not in one line, where checkers would lose the state's type
    return reactor if is_manager else None


def _check_method(cls: type, method: str) -> None:
    if not inspect.iscoroutinefunction(getattr(cls, method)):
        message = f"{cls.__module__}.{cls.__qualname__}.{method} is not async"
        raise ConfigurationError(message, hint=f"Write `async def {method}(...)`.")


def _has_key(cls: type[ProcessManager[Any]], event: type) -> bool:
    keys: Keys | None = getattr(cls, "key", None)
    declared = keys if isinstance(keys, str) else (keys or {}).get(event)
    if not isinstance(declared, str):
        return declared is not None
    return any(declared in inspect.get_annotations(base) for base in event.__mro__)


def _state_type(cls: type) -> Any:
    for base in cls.__mro__:
        for generic in getattr(base, "__orig_bases__", ()):
            if typing.get_origin(generic) is ProcessManager:
                (state,) = typing.get_args(generic)
                if not isinstance(state, TypeVar):
                    return state
    message = f"{cls.__qualname__} does not say what it remembers"
    raise ConfigurationError(message, hint=f"Write `class {cls.__name__}(ProcessManager[SomeState])`.")
