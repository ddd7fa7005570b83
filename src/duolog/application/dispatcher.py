"""Finds a message's pipeline and sends the message through it."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from duolog.application.in_flight import InFlight
from duolog.dispatch.context import MessageContext, ScopeKind
from duolog.dispatch.pipeline import Call
from duolog.dispatch.registry import HandlerRegistry, missing_handler
from duolog.dispatch.stream_relay import relay_stream
from duolog.errors import NotStartedError
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
        self, message: object, metadata: Metadata | None, note: object | None = None
    ) -> tuple[object, MessageContext]:
        """Run a message, and return its result and its context.

        Args:
            message: the message.
            metadata: its metadata; None to inherit them.
            note: what the caller leaves for a middleware, under its type; None for nothing.

        Raises:
            MissingHandlerError: it has no handler.
            NotStartedError: the application is not running.
            Exception: what the pipeline raises.
        """
        return await self._run(self._registry.binding_for(type(message)), message, metadata, note)

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
        binding = self._registry.binding_for(type(message))
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

    async def _run(
        self, binding: Binding[Any, Any], message: object, metadata: Metadata | None, note: object | None
    ) -> tuple[object, MessageContext]:
        call = self._call(binding)
        context = _context(binding, message, metadata, note)
        with self._in_flight:
            return await call(context), context

    def _call(self, binding: Binding[Any, Any]) -> Call:
        call = self._calls.get(binding.message)
        if call is None:
            message = f"application {self._name!r} is not running"
            raise NotStartedError(message, hint="Use it inside `async with app:`.")
        return call


def _context(
    binding: Binding[Any, Any], message: object, metadata: Metadata | None, note: object | None
) -> MessageContext:
    kind = ScopeKind.COMMAND if binding.kind is MessageKind.COMMAND else ScopeKind.QUERY
    context = MessageContext(message, kind, metadata)
    if note is not None:
        context.put(type(note), note)
    return context
