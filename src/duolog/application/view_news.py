"""What the followers of this process do, told to the meters and to those who keep what views have come to."""

from duolog.read.caching.known_views import KnownViews
from duolog.subscriptions.meters import SubscriptionMeters
from duolog.subscriptions.share import Share


class ViewNews:
    """A `Watcher`.

    Args:
        known: hears that a view may have changed, so that cached answers are checked before the next one is served.
        meters: measure the subscriptions; None where nobody listens.
    """

    __slots__ = ("_known", "_meters")

    def __init__(self, known: KnownViews, meters: SubscriptionMeters | None) -> None:
        self._known = known
        self._meters = meters

    def moved(self, share: Share, position: int) -> None:
        """See `Watcher.moved`."""
        if self._meters is not None:
            self._meters.moved(share, position)

    def processed(self, share: Share, events: int) -> None:
        """See `Watcher.processed`."""
        self._known.distrust(share.subscription)
        if self._meters is not None:
            self._meters.processed(share, events)

    def taken(self, share: Share) -> None:
        """See `Watcher.taken`."""
        if self._meters is not None:
            self._meters.taken(share)

    def given_up(self, share: Share, *, lost: bool) -> None:
        """See `Watcher.given_up`."""
        if self._meters is not None:
            self._meters.given_up(share, lost=lost)
