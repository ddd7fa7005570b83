"""Finds a message's pipeline and sends the message through it."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from duolog.application.in_flight import InFlight
from duolog.dispatch.context import MessageContext, ScopeKind, current_context
from duolog.dispatch.pipeline import Call
from duolog.dispatch.registry import HandlerRegistry, missing_handler
from duolog.dispatch.stream_relay import relay_stream
from duolog.errors import MissingHandlerError, NotInCommandScopeError, NotStartedError
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.metadata import Metadata


class Dispatcher:
    """Sends messages through the pipelines of a running application.

    Args:
        name: the application's name, for errors.
        registry: the bindings.
        calls: the pipelines by message type; empty while the application is not running.
        in_flight: counts what is under way.
    """

    __slots__ = ("_calls", "_in_flight", "_name", "_registry")

    def __init__(self, name: str, registry: HandlerRegistry, calls: Mapping[type, Call], in_flight: InFlight) -> None:
        self._name = name
        self._registry = registry
        self._calls = calls
        self._in_flight = in_flight

    async def run(
        self, kind: MessageKind, message: object, metadata: Metadata | None, note: object | None = None
    ) -> tuple[object, MessageContext]:
        """Run a message, and return its result and its context.

        Args:
            kind: what the message must be.
            message: the message.
            metadata: its metadata; None to inherit them.
            note: what the caller leaves for a middleware, under its type; None for nothing.

        Raises:
            MissingHandlerError: it has no handler, or is not of this kind.
            NotStartedError: the application is not running.
            Exception: what the pipeline raises.
        """
        return await self._run(self._binding(kind, message), message, metadata, note)

    async def run_bound(
        self,
        binding: Binding[Any, Any],
        message: object,
        metadata: Metadata | None,
        note: object | None = None,
    ) -> tuple[object, MessageContext]:
        """Run a message by its binding; otherwise like `run`."""
        if self._registry.binding_for(binding.message) is not binding:
            raise missing_handler(binding.message)
        return await self._run(binding, message, metadata, note)

    async def relay(
        self, message: object, metadata: Metadata | None, note: object | None = None
    ) -> AsyncGenerator[object, None]:
        """Run a stream query and yield its items; otherwise like `run`."""
        binding = self._binding(MessageKind.STREAM, message)
        call, in_flight = self._call(binding), self._in_flight

        async def counted(context: MessageContext) -> object:
            with in_flight:
                return await call(context)

        items = relay_stream(counted, _context(binding, message, metadata, note))
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()

    def _binding(self, kind: MessageKind, message: object) -> Binding[Any, Any]:
        binding = self._registry.binding_for(type(message))
        if binding.kind is not kind:
            described = f"{binding.name} is a {binding.kind.value}, not a {kind.value}"
            raise MissingHandlerError(described, hint="Send commands with execute, queries with query or stream.")
        return binding

    async def _run(
        self, binding: Binding[Any, Any], message: object, metadata: Metadata | None, note: object | None
    ) -> tuple[object, MessageContext]:
        call = self._call(binding)
        context = _context(binding, message, metadata, note)
        with self._in_flight:
            return await call(context), context

    def _call(self, binding: Binding[Any, Any]) -> Call:
        if binding.kind is MessageKind.COMMAND:
            refuse_in_projection(binding.name)
        call = self._calls.get(binding.message)
        if call is None:
            message = f"application {self._name!r} is not running"
            raise NotStartedError(message, hint="Use it inside `async with app:`.")
        return call


def refuse_in_projection(name: str) -> None:
    """Refuse a command that a projection sends: it would not be part of the view's transaction, and rebuilds repeat it.

    Raises:
        NotInCommandScopeError: a projection is being run here.
    """
    current = current_context()
    if current is not None and current.kind is ScopeKind.PROJECTION:
        message = f"{name} was sent by a projection"
        raise NotInCommandScopeError(message, hint="A projection only folds events into its view.")


def _context(
    binding: Binding[Any, Any], message: object, metadata: Metadata | None, note: object | None
) -> MessageContext:
    kind = ScopeKind.COMMAND if binding.kind is MessageKind.COMMAND else ScopeKind.QUERY
    context = MessageContext(message, kind, metadata)
    if note is not None:
        context.put(type(note), note)
    return context
