"""Middleware `read_scope`: a query reads one snapshot that the database itself keeps it from changing."""

from collections.abc import Callable, Collection
from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.dispatch.shield import shielded
from duolog.messages.binding import Binding, MessageKind
from duolog.read.after_position import AfterPosition
from duolog.read.position_token import positions_of
from duolog.read.read_scope import OpenReplica, ReadScope
from duolog.tables.ports import QuerySnapshot
from duolog.tables.replica_snapshots import SnapshotNeed


class ReadScopeMiddleware:
    """Has a read session for each query and stream that asks for one; it takes a connection at its first fetch.

    With replicas, a query reads one that has what it asks for. If that fails when some of it was read, the query is
    answered once more, from the database itself: queries change nothing. What a stream has handed over cannot be taken
    back, so streams do not read replicas.

    Args:
        open_reader: makes the session.
        open_replica: makes one that may read a replica; None if there are none.
        inline: names of the projections whose views change with the log itself.
    """

    name = "read_scope"

    def __init__(
        self,
        open_reader: Callable[[], QuerySnapshot],
        open_replica: OpenReplica | None = None,
        inline: Collection[str] = (),
    ) -> None:
        self._open_reader = open_reader
        self._open_replica = open_replica
        self._inline = frozenset(inline)

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline; commands read through their unit of work."""
        if binding.kind is MessageKind.COMMAND:
            return proceed
        open_reader, open_replica = self._open_reader, self._open_replica

        async def call(context: MessageContext) -> object:
            return await _call_in(ReadScope(open_reader), context, proceed)

        if open_replica is None or binding.kind is not MessageKind.QUERY:
            return call
        least = self._need(binding)

        async def call_on_replica(context: MessageContext) -> object:
            after = context.find(AfterPosition)
            need = least if after is None else least.after(*positions_of(after.position))
            scope = ReadScope(open_reader, open_replica, need)
            try:
                answer = await _call_in(scope, context, proceed)
            except Exception:
                if not scope.is_lost:
                    raise
            else:
                if not scope.is_lost:
                    return answer
            return await call(context)

        return call_on_replica

    def _need(self, binding: Binding[Any, Any]) -> SnapshotNeed:
        """Return what each snapshot of a query must have.

        Ordinary tables and inline views show a command's changes as soon as it has been executed: here as well.
        """
        names = tuple(model.name for model in binding.reads)
        followed = tuple(name for name in names if name not in self._inline)
        return SnapshotNeed(views=followed, own_commits=not names or len(followed) < len(names))


async def _call_in(scope: ReadScope, context: MessageContext, proceed: Call) -> object:
    context.put(ReadScope, scope)
    try:
        return await proceed(context)
    finally:
        context.drop(ReadScope)
        session = scope.opened
        if session is not None and session.end():
            await shielded(session.close())
