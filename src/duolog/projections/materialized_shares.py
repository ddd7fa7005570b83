"""The shares of materialized views: what each follows, and who refreshes it."""

import logging
from collections.abc import Callable
from typing import Final

from duolog.errors import StatementError
from duolog.eventstore.filters import ALL_EVENTS
from duolog.projections.haste import Haste
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.view_preparation import ViewPreparation
from duolog.projections.view_refresher import ViewRefresher
from duolog.projections.view_sources import ViewSources
from duolog.projections.views import OpenView, PrepareView
from duolog.subscriptions.generations import Role
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Following
from duolog.subscriptions.share import Share
from duolog.subscriptions.source import SubscriptionSource
from duolog.subscriptions.supervisor import Subscription
from duolog.tables.view_changes import ReadsViewChanges

_logger: Final = logging.getLogger("duolog.projections")


class MaterializedShares:
    """Makes what refreshes materialized views.

    Args:
        source: the log, checkpoints and leases.
        changes: tells what views have come to.
        progress: the board on which the views' owners write how far they are.
        prepare_view: brings a view to its version.
        open_view: opens a view.
        told: called with a view's name when its rows may have changed.
        haste: tells whether somebody waits who does not care how often views are refreshed; None if nobody ever does.
    """

    __slots__ = ("_changes", "_haste", "_open_view", "_prepare_view", "_progress", "_source", "_told", "_waiting")

    def __init__(
        self,
        *,
        source: SubscriptionSource,
        changes: ReadsViewChanges,
        progress: Progress,
        prepare_view: PrepareView,
        open_view: OpenView,
        told: Callable[[str], object],
        haste: Haste | None = None,
    ) -> None:
        self._source = source
        self._changes = changes
        self._progress = progress
        self._prepare_view = prepare_view
        self._open_view = open_view
        self._told = told
        self._haste = haste or Haste()
        self._waiting: set[str] = set()

    def subscription(self, view: type[MaterializedView]) -> Subscription:
        """Return what a process works on for a materialized view."""
        preparation = self._preparation(view)

        async def create() -> None:
            try:
                await preparation.create()
            except StatementError:
                if await self._is_current(view):
                    raise
                # The select is written for views that are being built just now; the supervisor tries again.
                if view.name not in self._waiting:
                    _logger.info("materialized view %s waits for the views that it reads", view.name)
                self._waiting.add(view.name)

        def follow(share: Share) -> Following:
            refresher = self._refresher(view, share, preparation)
            return Following(share, view.version, ALL_EVENTS, refresher, pages=refresher.pages)

        return Subscription(view.name, view.version, create, follow)

    def refresher(self, view: type[MaterializedView], share: Share) -> ViewRefresher:
        """Return what refreshes a share, for whoever has its lease."""
        return self._refresher(view, share, self._preparation(view))

    def _preparation(self, view: type[MaterializedView]) -> ViewPreparation:
        return ViewPreparation(view, self._prepare_view, self._source)

    def _refresher(self, view: type[MaterializedView], share: Share, preparation: ViewPreparation) -> ViewRefresher:
        return ViewRefresher(
            view,
            share,
            preparation=preparation,
            open_view=self._open_view,
            sources=ViewSources(view, self._changes, self._source.store, self._progress),
            told=self._told,
            haste=self._haste,
        )

    async def _is_current(self, view: type[MaterializedView]) -> bool:
        """Tell whether everything that it reads has the code's version, so that what fails would fail again."""
        for source in view.sources():
            there = await self._source.generations.read(source.name)
            if not any(each.role is Role.LIVE and each.version == source.version for each in there):
                return False
        return True
