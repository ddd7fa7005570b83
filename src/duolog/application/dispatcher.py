"""Finds a message's pipeline and sends the message through it."""

from collections.abc import AsyncGenerator, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final

from duolog.application.in_flight import InFlight
from duolog.dispatch.context import CURRENT_CONTEXT, MessageContext, OnOwnAuthority, ScopeKind
from duolog.dispatch.pipeline import Call
from duolog.dispatch.registry import HandlerRegistry, missing_handler
from duolog.dispatch.stream_relay import relay_stream
from duolog.errors import DuologError, MissingHandlerError, NotInCommandScopeError, NotStartedError
from duolog.messages.binding import Binding, MessageKind
from duolog.messages.metadata import Metadata
from duolog.write.idempotency import IdempotencyKey

Running = Coroutine[Any, Any, tuple[object, MessageContext]]

_COMMAND: Final = MessageKind.COMMAND  # an enum's member is slow to look up
_QUERY: Final = MessageKind.QUERY
_FOLLOWERS: Final = (ScopeKind.PROJECTION, ScopeKind.PROCESS)


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one type of messages.

    Attributes:
        binding: the type, and what answers it.
        call: the pipeline.
        kind: what the messages are.
        scope: the kind of scope that their handler runs in.
    """

    binding: Binding[Any, Any]
    call: Call
    kind: MessageKind
    scope: ScopeKind

    @classmethod
    def of(cls, binding: Binding[Any, Any], call: Call) -> "Route":
        """Make the route of a binding whose pipeline was built."""
        scope = ScopeKind.COMMAND if binding.kind is MessageKind.COMMAND else ScopeKind.QUERY
        return cls(binding, call, binding.kind, scope)


class Dispatcher:
    """Sends messages through the pipelines of a running application.

    Args:
        name: the application's name, for errors.
        registry: the bindings.
        routes: the pipelines by message type; empty while the application is not running.
        in_flight: knows what is under way.
    """

    __slots__ = ("_in_flight", "_name", "_registry", "_routes")

    def __init__(self, name: str, registry: HandlerRegistry, routes: Mapping[type, Route], in_flight: InFlight) -> None:
        self._name = name
        self._registry = registry
        self._routes = routes
        self._in_flight = in_flight

    def execute(self, command: object, metadata: Metadata | None, note: object | None = None) -> Running:
        """Run a command, and return its result and its context.

        Args:
            command: the command.
            metadata: its metadata; None to inherit them.
            note: what the caller leaves for a middleware, under its type; None for nothing.

        Raises:
            MissingHandlerError: it has no handler, or is no command.
            NotInCommandScopeError: a projection sends it.
            NotStartedError: the application is not running.
            Exception: what the pipeline raises.
        """
        return self._run(self._route(_COMMAND, command), command, metadata, note)

    def execute_due(self, command: object, metadata: Metadata, key: IdempotencyKey) -> Running:
        """Run a command that the application has scheduled, on its own authority; otherwise like `execute`."""
        return self._run(self._route(_COMMAND, command), command, metadata, key, OnOwnAuthority())

    def query(self, query: object, metadata: Metadata | None, note: object | None = None) -> Running:
        """Run a query; otherwise like `execute`."""
        return self._run(self._route(_QUERY, query), query, metadata, note)

    def binding_of(self, query: object) -> Binding[Any, Any]:
        """Return the binding of a query; errors as `execute`."""
        return self._route(_QUERY, query).binding

    def run_bound(
        self,
        binding: Binding[Any, Any],
        message: object,
        metadata: Metadata | None,
        *notes: object | None,
    ) -> Running:
        """Run a message by its binding; otherwise like `execute`."""
        if self._registry.binding_for(binding.message) is not binding:
            raise missing_handler(binding.message)
        route = self._routes.get(binding.message)
        if route is None:
            raise self._not_running(binding)
        return self._run(route, message, metadata, *notes)

    async def relay(
        self, message: object, metadata: Metadata | None, note: object | None = None
    ) -> AsyncGenerator[object, None]:
        """Run a stream query and yield its items; otherwise like `execute`."""
        route, in_flight = self._route(MessageKind.STREAM, message), self._in_flight

        async def counted(context: MessageContext) -> object:
            in_flight.enter(context)
            try:
                return await route.call(context)
            finally:
                in_flight.leave(context)

        items = relay_stream(counted, _context(route, message, metadata, note))
        try:
            async for item in items:
                yield item
        finally:
            await items.aclose()

    async def _run(
        self, route: Route, message: object, metadata: Metadata | None, *notes: object | None
    ) -> tuple[object, MessageContext]:
        context = _context(route, message, metadata, *notes)
        self._in_flight.enter(context)
        try:
            return await route.call(context), context
        finally:
            self._in_flight.leave(context)

    def _route(self, kind: MessageKind, message: object) -> Route:
        route = self._routes.get(type(message))
        if route is not None and route.kind is kind:
            return route
        binding = self._registry.binding_for(type(message))
        if binding.kind is not kind:
            described = f"{binding.name} is a {binding.kind.value}, not a {kind.value}"
            raise MissingHandlerError(described, hint="Send commands with execute, queries with query or stream.")
        raise self._not_running(binding)

    def _not_running(self, binding: Binding[Any, Any]) -> DuologError:
        _refuse_in_projection(CURRENT_CONTEXT.get(), binding)
        message = f"application {self._name!r} is not running"
        return NotStartedError(message, hint="Use it inside `async with app:`.")


def _context(route: Route, message: object, metadata: Metadata | None, *notes: object | None) -> MessageContext:
    """Make a message's context: the message that is being handled here causes it."""
    sender = CURRENT_CONTEXT.get()
    if sender is None:
        context = MessageContext(message, route.scope, metadata)
    else:
        _refuse_in_projection(sender, route.binding)
        context = MessageContext(message, route.scope, metadata, sender.metadata if metadata is None else None)
    for note in notes:
        if note is not None:
            context.put(type(note), note)
    return context


def _refuse_in_projection(sender: MessageContext | None, binding: Binding[Any, Any]) -> None:
    """Refuse a command that a projection or a process sends: it is not part of its transaction, and may be repeated.

    Raises:
        NotInCommandScopeError: a projection or a process is being run here.
    """
    if sender is None or sender.kind not in _FOLLOWERS or binding.kind is not MessageKind.COMMAND:
        return
    message = f"{binding.name} was sent by a {sender.kind.value}"
    hint = "A projection only folds events into its view."
    if sender.kind is ScopeKind.PROCESS:
        hint = "Send it by `process.send(...)`, so that it takes effect once, and only if this page is committed."
    raise NotInCommandScopeError(message, hint=hint)
