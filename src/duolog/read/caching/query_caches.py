"""The caches of an application's queries, and what they share."""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from typing import Any

from duolog.errors import ConfigurationError
from duolog.messages.binding import Binding
from duolog.read.caching.cached_query import CachedQuery
from duolog.read.caching.declaration import CachePolicy
from duolog.read.caching.figures import CacheFigures
from duolog.read.caching.known_views import KnownViews
from duolog.read.caching.level import Caching
from duolog.read.caching.memory_cache import MemoryCache
from duolog.read.caching.shared_level import SharedLevel

_PURPOSE = b"duolog cache"


class QueryCaches:
    """Makes the cache of each query that is declared to have one.

    Args:
        caching: where answers are kept.
        known: what this process has heard of views.
        counted: names of the views whose changes the database counts.
        secret: keys of the shared level are made with it, so that they tell nothing.
        log_id: identity of the log; another log's answers are never found.
        snapshot_reads: the database's query scopes read one snapshot.
    """

    def __init__(
        self,
        caching: Caching,
        *,
        known: KnownViews,
        counted: Collection[str],
        secret: bytes,
        log_id: Callable[[], str],
        snapshot_reads: bool,
    ) -> None:
        self.known = known
        self._counted = frozenset(counted)
        self._log_id = log_id
        self._key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
        self._snapshot_reads = snapshot_reads
        self._queries: dict[str, CachedQuery] = {}
        self._memory = MemoryCache(entries=caching.entries, size=caching.size) if caching.entries else None
        self._shared = None
        if caching.shared is not None:
            self._shared = SharedLevel(
                caching.shared, seconds=caching.shared_seconds, rest_seconds=caching.rest_seconds
            )

    def open(self, binding: Binding[Any, Any], policy: CachePolicy) -> CachedQuery:
        """Make the cache of a query.

        Raises:
            ConfigurationError: nothing says when its answers change, or they cannot be encoded.
        """
        uncounted = [model.name for model in binding.reads if model.name not in self._counted]
        if not binding.reads or uncounted:
            what = f"{', '.join(uncounted)} counts no changes" if uncounted else "it has no reads=[...]"
            message = f"the answers of {binding.name} cannot be cached: {what}"
            hint = (
                "Name the projections that it reads. Inline projections, projections without tables and ordinary "
                "tables do not tell when they have changed: do without @cached there."
            )
            raise ConfigurationError(message, hint=hint)
        query = CachedQuery(
            binding,
            policy,
            known=self.known,
            memory=self._memory,
            shared=self._shared,
            shared_key=self._shared_key,
            snapshot_reads=self._snapshot_reads,
        )
        self._queries[binding.name] = query
        return query

    def figures(self) -> Mapping[str, CacheFigures]:
        """Tell how well the caches of this process do, by query."""
        return {name: query.meter.figures.copy() for name, query in sorted(self._queries.items())}

    def _shared_key(self, key: bytes) -> bytes:
        return hmac.digest(self._key, self._log_id().encode() + b"\x1f" + key, hashlib.sha256).hex().encode()
