"""Middleware `cache`: serves kept answers where they are as new as was asked for."""

from typing import Any

from duolog.dispatch.context import MessageContext
from duolog.dispatch.pipeline import Call
from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding, MessageKind
from duolog.read.caching.declaration import cache_policy
from duolog.read.caching.entry import ViewsRead, ViewsWanted
from duolog.read.caching.query_caches import QueryCaches
from duolog.read.caching.snapshot_views import read_views, require_known


class CacheMiddleware:
    """Answers cached queries from their cache, and tells of the views that an answer was read from.

    It stands inside the read scope, so behind authorisation: who may not ask gets no kept answer either.

    Args:
        caches: the caches.
    """

    name = "cache"

    def __init__(self, caches: QueryCaches) -> None:
        self._caches = caches

    def build(self, binding: Binding[Any, Any], proceed: Call) -> Call:
        """Wrap the rest of the pipeline of queries that read views.

        Raises:
            ConfigurationError: a query is declared to be cached and cannot be.
        """
        policy = cache_policy(binding.handler)
        if policy is not None and binding.kind is not MessageKind.QUERY:
            message = f"{binding.name} is a {binding.kind.value}, and what answers it is declared to be cached"
            raise ConfigurationError(message, hint="Only query services that answer at once can be @cached.")
        if binding.kind is not MessageKind.QUERY or (policy is None and not binding.reads):
            return proceed
        if policy is not None:
            answer = self._caches.open(binding, policy).answer

            async def call_cached(context: MessageContext) -> object:
                return await answer(context, proceed)

            return call_cached
        names, known = tuple(model.name for model in binding.reads), self._caches.known

        async def call(context: MessageContext) -> object:
            if context.find(ViewsWanted) is not None:
                await require_known(context, names, known)
                views = await read_views(context, names, known)
                if views is not None:
                    context.put(ViewsRead, views)
            return await proceed(context)

        return call
