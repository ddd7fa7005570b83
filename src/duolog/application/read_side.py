"""The read side of an application: what its queries wait for, read and keep."""

from collections.abc import Callable, Mapping

from duolog.application.live_queries import LiveQueries
from duolog.application.parts import Parts
from duolog.database.port import Database
from duolog.database.replicas import ReplicaPace, Replicas
from duolog.dispatch.pipeline import Middleware
from duolog.read.caching.figures import CacheFigures
from duolog.read.caching.known_views import KnownViews
from duolog.read.caching.query_caches import QueryCaches
from duolog.read.middleware.after_position import AfterPositionMiddleware, WaitUntil
from duolog.read.middleware.cache import CacheMiddleware
from duolog.read.middleware.read_scope import ReadScopeMiddleware
from duolog.read.watching.view_feed import ViewFeed
from duolog.telemetry import METRIC_WATCHERS, find_meter


class ReadSide:
    """What the queries of one application share.

    Args:
        parts: what the application is put together from.
        database: its database.
        wait: waits until views have a position.
    """

    def __init__(self, parts: Parts, database: Database, wait: WaitUntil) -> None:
        self.known = KnownViews(database)
        counted = frozenset(each.name for each in parts.projections if each.tables and not each.inline)
        counted |= {each.name for each in parts.materialized_views}
        settings, meter = parts.settings, find_meter()
        on_count = None
        if meter is not None:
            on_count = meter.create_up_down_counter(
                METRIC_WATCHERS, unit="{watcher}", description="Live queries that are watched in this process."
            ).add
        self.feed = ViewFeed(self.known, seconds=settings.watch_seconds, most=settings.watchers, on_count=on_count)
        self.live = LiveQueries(self.feed, counted)
        self._caches = QueryCaches(
            parts.caching,
            known=self.known,
            counted=counted,
            secret=parts.secret.value,
            log_id=_log_id_of(database),
            snapshot_reads=database.features.snapshot_reads,
        )
        self.replicas: Replicas | None = None
        if parts.replica_urls:
            pace = ReplicaPace(lag_seconds=settings.replica_lag_seconds, look_seconds=settings.replica_look_seconds)
            self.replicas = database.make_replicas(parts.replica_urls, pace)
        self.after_position = AfterPositionMiddleware(wait)
        self.innermost: tuple[Middleware, ...] = (self._read_scope(parts, database), CacheMiddleware(self._caches))

    async def open(self) -> None:
        """Connect to replicas, once the database is open and has its tables; errors as `Replicas.open`."""
        if self.replicas is not None:
            await self.replicas.open()

    async def require_now(self) -> None:
        """Let no answer from now on lack what was committed before.

        Raises:
            DatabaseError: the database failed.
        """
        self.known.distrust_all()
        if self.replicas is not None:
            await self.replicas.require_now()

    def cache_figures(self) -> Mapping[str, CacheFigures]:
        """Tell how well the caches of this process do, by query."""
        return self._caches.figures()

    async def close(self) -> None:
        """End what is under way."""
        await self.feed.close()
        await self.known.close()
        if self.replicas is not None:
            await self.replicas.close()

    def _read_scope(self, parts: Parts, database: Database) -> Middleware:
        seconds, replicas = parts.settings.query_seconds, self.replicas
        return ReadScopeMiddleware(
            lambda: database.open_reader(seconds=seconds),
            None if replicas is None else lambda need: replicas.open_reader(need, seconds=seconds),
            [each.name for each in parts.projections if each.inline],
        )


def _log_id_of(database: Database) -> Callable[[], str]:
    return lambda: database.store.log_id
