"""Which handler answers which message; every misfit is found at start."""

import inspect
import typing
from collections.abc import Iterable, Iterator
from typing import Any, TypeGuard

from duolog.errors import DuplicateHandlerError, MisfitHandlerError, MissingHandlerError
from duolog.messages.binding import Binding, MessageKind


class HandlerRegistry:
    """The bindings of one application.

    Args:
        bindings: made by ``handled_by``, ``bind_command`` and ``bind_query``.

    Raises:
        DuplicateHandlerError: two handlers for one message.
        MisfitHandlerError: a handler's ``execute`` is missing, not asynchronous, or takes another message.
    """

    __slots__ = ("_by_message",)

    def __init__(self, bindings: Iterable[object]) -> None:
        self._by_message: dict[type, Binding[Any, Any]] = {}
        for binding in bindings:
            if not _is_binding(binding):
                message = f"{_described(binding)} is no binding"
                raise MisfitHandlerError(message, hint="Write handlers=[SomeCommand.handled_by(SomeInteractor)].")
            known = self._by_message.get(binding.message)
            if known is not None:
                message = (
                    f"{binding.name} has two handlers: {_described(known.handler)} and {_described(binding.handler)}"
                )
                raise DuplicateHandlerError(message, hint="Keep one of them in Application(handlers=[...]).")
            _check_fit(binding)
            self._by_message[binding.message] = binding

    def __iter__(self) -> Iterator[Binding[Any, Any]]:
        """Iterate over all bindings, in the order they were given."""
        return iter(self._by_message.values())

    def binding_for(self, message: type) -> Binding[Any, Any]:
        """Return the binding of a message type.

        Raises:
            MissingHandlerError: there is none.
        """
        binding = self._by_message.get(message)
        if binding is None:
            raise missing_handler(message)
        return binding


def missing_handler(message: type) -> MissingHandlerError:
    """Make the error for a message type that has no handler."""
    text = f"{message.__module__}.{message.__qualname__} has no handler"
    name = message.__name__
    bind = f"{name}.handled_by(SomeHandler)" if hasattr(message, "handled_by") else f"bind_command({name}, SomeHandler)"
    hint = f"Add `{bind}` to Application(handlers=[...])."
    return MissingHandlerError(text, hint=hint)


def _is_binding(given: object) -> TypeGuard[Binding[Any, Any]]:
    return isinstance(given, Binding)


def _check_fit(binding: Binding[Any, Any]) -> None:
    where = f"{_described(binding.handler)}, the handler of {binding.name},"
    if not inspect.isclass(binding.handler):
        message = f"{where} is not a class"
        raise MisfitHandlerError(message, hint="Pass the handler's class; the container makes the instance.")
    execute = getattr(binding.handler, "execute", None)
    if not inspect.isfunction(execute):
        message = f"{where} has no method `execute`"
        raise MisfitHandlerError(message, hint=f"Write `async def execute(self, message: {binding.name})`.")
    is_stream = binding.kind is MessageKind.STREAM
    if is_stream == inspect.iscoroutinefunction(execute) or (not is_stream and inspect.isasyncgenfunction(execute)):
        form = "`def execute` that returns an async iterator" if is_stream else "`async def execute`"
        message = f"{where} must have {form}"
        raise MisfitHandlerError(message, hint=f"{binding.name} is a {binding.kind.value}.")
    parameters = list(inspect.signature(execute).parameters.values())[1:]
    required = [parameter for parameter in parameters if parameter.default is parameter.empty]
    if not parameters or len(required) > 1:
        message = f"{where} must take exactly one message"
        raise MisfitHandlerError(message, hint=f"Write `async def execute(self, message: {binding.name})`.")
    taken = _annotation(execute, parameters[0].name)
    if isinstance(taken, type) and not issubclass(binding.message, taken):
        message = f"{where} takes {taken.__name__}"
        raise MisfitHandlerError(message, hint=f"Bind {taken.__name__} to it, or annotate {binding.name}.")


def _annotation(function: Any, parameter: str) -> object:
    try:
        return typing.get_type_hints(function).get(parameter)
    except (NameError, TypeError):  # a name that only type checkers see: they have checked it
        return None


def _described(handler: object) -> str:
    return f"{getattr(handler, '__module__', '?')}.{getattr(handler, '__qualname__', repr(handler))}"
