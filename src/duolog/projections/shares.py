"""A projection's shares: what each wants of the log, and who applies it."""

from collections.abc import Callable

from duolog.codec.event_codec import EventCodec
from duolog.errors import ConfigurationError
from duolog.eventstore.filters import EventFilter
from duolog.messages.event import stored_names
from duolog.projections.page_processor import ProjectionPageProcessor
from duolog.projections.poison import Poison
from duolog.projections.projection import Projection
from duolog.projections.view_preparation import ViewPreparation
from duolog.projections.views import OpenProjection, OpenView, PrepareView
from duolog.subscriptions.runner import Following
from duolog.subscriptions.share import ALL_BUCKETS, Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.supervisor import Subscription


def share_filter(projection: type[Projection], share: Share) -> EventFilter:
    """Return the events that a share reads: all that the projection has methods for, of its buckets.

    Where the projection declares a key, the log does not know the buckets: the share reads all of them.
    """
    types = [name for cls in projection.handlers() for name in stored_names(cls)]
    if projection.is_keyed() or share.buckets == ALL_BUCKETS:
        return EventFilter.of(types=types)
    return EventFilter.of(types=types, partitions=share.buckets.numbers)


class ProjectionShares:
    """Makes page processors for the shares of projections.

    Args:
        source: the log, checkpoints, leases and parked events; every database is one.
        prepare_view: brings a projection's view to its version.
        open_view: opens a projection's view.
        open_projection: builds a projection's instance.
        codec: decodes events; the projections' event types are registered with it.
        make_poison: decides, for each share, what becomes of events that cannot be applied.
    """

    __slots__ = ("_codec", "_make_poison", "_open_projection", "_open_view", "_prepare_view", "_source")

    def __init__(
        self,
        *,
        source: SubscriptionSource,
        prepare_view: PrepareView,
        open_view: OpenView,
        open_projection: OpenProjection,
        codec: EventCodec,
        make_poison: Callable[[], Poison] = Poison,
    ) -> None:
        self._source = source
        self._prepare_view = prepare_view
        self._open_view = open_view
        self._open_projection = open_projection
        self._codec = codec
        self._make_poison = make_poison

    def subscription(self, projection: type[Projection]) -> Subscription:
        """Return what a process works on for a projection.

        Raises:
            ConfigurationError: it has no ``on_...`` method.
            UnnamedTypeError: two event classes share a stored name.
        """
        _check_has_handlers(projection)
        self._codec.types.add_all(projection.handlers())
        preparation = ViewPreparation(projection, self._prepare_view, self._source)
        return Subscription(
            projection.name, projection.version, preparation.create, self._follow(projection, preparation)
        )

    def following(self, projection: type[Projection], share: Share) -> Following:
        """Return what is done with one share, by whoever has its lease."""
        return self._follow(projection, ViewPreparation(projection, self._prepare_view, self._source))(share)

    def _follow(self, projection: type[Projection], preparation: ViewPreparation) -> Callable[[Share], Following]:
        def follow(share: Share) -> Following:
            processor = ProjectionPageProcessor(
                projection,
                share,
                preparation=preparation,
                open_view=self._open_view,
                open_projection=self._open_projection,
                codec=self._codec,
                parking=self._source.parking,
                poison=self._make_poison(),
            )
            wanted = share_filter(projection, share)
            return Following(share, projection.version, wanted, processor, processor.foresee)

        return follow


def _check_has_handlers(projection: type[Projection]) -> None:
    if not projection.handlers():
        message = f"projection {projection.name!r} has no on_... method"
        raise ConfigurationError(message, hint=f"Write `async def on_...(self, event: ...)` in {projection.__name__}.")
