"""One dependency-injection scope for each message and each batch of a projection."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from dishka import AsyncContainer

from duolog.dispatch.context import CURRENT_CONTEXT, MessageContext, ScopeKind
from duolog.dispatch.pipeline import Call
from duolog.dispatch.stream_relay import StreamSink
from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding, Executes, MessageKind
from duolog.projections.projection import Projection
from duolog.projections.view_database import ViewDatabase

P = TypeVar("P", bound=Projection)
T = TypeVar("T")


class _StreamHandler(Protocol):
    def execute(self, message: object, /) -> AsyncIterator[object]: ...


@dataclass(frozen=True, slots=True)
class ProjectionScope:
    """The note that carries a projection's database into its scope.

    Attributes:
        db: writes the view.
    """

    db: ViewDatabase


def handler_call(container: AsyncContainer, binding: Binding[Any, Any]) -> Call:
    """Make the innermost call of a binding's pipeline: build the handler in a new scope and execute it.

    The scope is a sibling of every other one, also of an HTTP request's, and is closed when ``execute`` has returned.

    Args:
        container: the application's container.
        binding: the message and its handler.

    Returns:
        The call; that of a stream query raises `ConfigurationError` where nobody takes its items.
    """
    handler_type = cast("type[Executes[object, object]]", binding.handler)
    open_scope = _scopes_of(container)

    async def call(context: MessageContext) -> object:
        async with open_scope() as scope:
            handler = await scope.get(handler_type)
            return await handler.execute(context.message)

    async def call_stream(context: MessageContext) -> object:
        sink = context.find(StreamSink)
        if sink is None:
            message = f"{binding.name} is a stream query"
            raise ConfigurationError(message, hint="Use `async for item in app.stream(query)`.")
        async with open_scope() as scope:
            handler = cast("_StreamHandler", await scope.get(handler_type))
            items = handler.execute(context.message)
            try:
                async for item in items:
                    await sink.put(item)
            finally:
                if isinstance(items, AsyncGenerator):
                    await items.aclose()
        return None

    return call_stream if binding.kind is MessageKind.STREAM else call


def _scopes_of(container: AsyncContainer) -> AsyncContainer:
    """Return what opens a scope for one message.

    dishka opens a session around each request; where nothing is provided in a session, one does for all of them.
    """
    session = container.registry.child_registry
    if session is None or not session.scope.skip:
        return container
    is_empty = all(key.type_hint is AsyncContainer for key in session.factories)
    return container(scope=session.scope) if is_empty else container


class ReactorScopes:
    """Builds reactors and process managers, each page in a scope of its own.

    Args:
        container: the application's container.
    """

    __slots__ = ("_container",)

    def __init__(self, container: AsyncContainer) -> None:
        self._container = container

    @asynccontextmanager
    async def open(self, reactor: type[T], db: ViewDatabase) -> AsyncGenerator[T]:
        """Open a scope and build ``reactor`` in it; what it takes reads in the page's transaction."""
        context = MessageContext(None, ScopeKind.PROCESS)
        context.put(ProjectionScope, ProjectionScope(db))
        token = CURRENT_CONTEXT.set(context)
        try:
            async with self._container() as scope:
                yield await scope.get(reactor)
        finally:
            CURRENT_CONTEXT.reset(token)


class ProjectionScopes:
    """Builds projections, each batch in a scope of its own.

    Args:
        container: the application's container.
    """

    __slots__ = ("_container",)

    def __init__(self, container: AsyncContainer) -> None:
        self._container = container

    @asynccontextmanager
    async def open(self, projection: type[P], db: ViewDatabase) -> AsyncGenerator[P]:
        """Open a scope and build ``projection`` over ``db`` in it."""
        context = MessageContext(None, ScopeKind.PROJECTION)
        context.put(ProjectionScope, ProjectionScope(db))
        token = CURRENT_CONTEXT.set(context)
        try:
            async with self._container() as scope:
                yield await scope.get(projection)
        finally:
            CURRENT_CONTEXT.reset(token)
