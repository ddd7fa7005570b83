"""Middleware `read_scope`: a query reads one snapshot that the database itself keeps it from changing."""

from collections.abc import Callable
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.dispatch.shield import shielded
from duolog.messages.binding import Binding, MessageKind
from duolog.read.read_scope import ReadScope
from duolog.tables.ports import QuerySnapshot


class ReadScopeMiddleware:
    """Has a read session for each query and stream that asks for one; it takes a connection at its first fetch.

    Args:
        open_reader: makes the session.
    """

    name = "read_scope"

    def __init__(self, open_reader: Callable[[], QuerySnapshot]) -> None:
        self._open_reader = open_reader

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; commands read through their unit of work."""
        if binding.kind is MessageKind.COMMAND:
            return proceed
        open_reader = self._open_reader

        async def call(context: MessageContext) -> object:
            scope = ReadScope(open_reader)
            context.put(ReadScope, scope)
            try:
                return await proceed(context)
            finally:
                context.drop(ReadScope)
                session = scope.opened
                if session is not None and session.end():
                    await shielded(session.close())

        return call
