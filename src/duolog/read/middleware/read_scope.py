"""Middleware `read_scope`: a query reads one snapshot that the database itself keeps it from changing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.dispatch.shield import shielded
from duolog.messages.binding import Binding, MessageKind
from duolog.tables.ports import ReadSession


@dataclass(frozen=True, slots=True)
class ReadScope:
    """The note that carries a query's session.

    Attributes:
        session: reads one snapshot.
    """

    session: ReadSession


class ReadScopeMiddleware:
    """Opens a read session for each query and stream; it takes a connection at its first fetch.

    Args:
        open_reader: makes the session.
    """

    name = "read_scope"

    def __init__(self, open_reader: Callable[[], ReadSession]) -> None:
        self._open_reader = open_reader

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; commands read through their unit of work."""
        if binding.kind is MessageKind.COMMAND:
            return proceed
        open_reader = self._open_reader

        async def call(context: MessageContext) -> object:
            session = open_reader()
            context.put(ReadScope, ReadScope(session))
            try:
                return await proceed(context)
            finally:
                context.drop(ReadScope)
                if session.end():
                    await shielded(session.close())

        return call
