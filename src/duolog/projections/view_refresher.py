"""Refreshing a share of a materialized view: when it is due, and what is stored with it."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from duolog.dispatch.shield import shielded
from duolog.eventstore.port import EventPage
from duolog.projections.haste import Haste
from duolog.projections.materialized_view import MaterializedView
from duolog.projections.refresh_pace import LOOK_SECONDS, RefreshPace
from duolog.projections.view_preparation import ViewPreparation
from duolog.projections.view_sources import SourceState, ViewSources
from duolog.projections.views import OpenView
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.share import Share


class ViewRefresher:
    """A `PageProcessor` whose pages are those that `pages` yields: each says how far what the view reads has come.

    How far it has come is read before the rows are, so that the rows have at least what the stored position says. Where
    nothing has changed that the rows are made of, only the position is stored.

    Args:
        view: the materialized view.
        share: the only share of one of its generations.
        preparation: brings the view to its version.
        open_view: opens the view.
        sources: what it reads.
        told: called with the view's name when its rows may have changed.
        haste: tells whether somebody waits for it who does not care how often it is refreshed.
    """

    def __init__(
        self,
        view: type[MaterializedView],
        share: Share,
        *,
        preparation: ViewPreparation,
        open_view: OpenView,
        sources: ViewSources,
        told: Callable[[str], object],
        haste: Haste,
    ) -> None:
        self._view = view
        self._share = share
        self._preparation = preparation
        self._open_view = open_view
        self._sources = sources
        self._told = told
        self._haste = haste
        self._role = Role.LIVE
        self._due: SourceState | None = None
        self._contained: tuple[object, ...] | None = None
        self._pace = RefreshPace(interval=view.interval, delay=view.delay)

    async def begin(self, lease: Lease) -> int:
        """Bring the view to this version, and return the stored position; what its rows are made of is not known yet.

        Raises:
            LeaseLostError: somebody else refreshes it, or its generation was dropped.
        """
        ready = await self._preparation.ready(lease)
        self._role, self._contained = ready.role, None
        return ready.position

    async def pages(self, after: int) -> AsyncGenerator[EventPage, None]:
        """Yield a page without events whenever there is something to store, up to where the sources are by then.

        Args:
            after: the stored position.

        Raises:
            DatabaseError: the database failed.
        """
        position = after
        while True:
            self._due = await self._next_due(position)
            position = self._due.position
            yield EventPage((), position)

    async def apply(self, page: EventPage, move: CheckpointMove) -> None:  # noqa: ARG002 - all of it is in the move
        """Refresh the rows, if they may be others by now, and store the position, in one transaction.

        Raises:
            CheckpointConflictError: somebody else refreshes it; nothing was changed.
            StatementError: the select is wrong; nothing was changed.
            ConstraintViolationError: two rows have one key; nothing was changed.
            DatabaseError: the database failed; nothing was changed.
        """
        state = self._due
        is_stale = state is None or state.contents != self._contained
        session = self._open_view(self._view, self._share, self._role)
        try:
            if is_stale:
                self._pace.began(asyncio.get_running_loop().time())
                await session.refresh(self._view.contents())
            await session.commit(move)
        finally:
            await shielded(session.close())
        if is_stale:
            self._contained = None if state is None else state.contents
            self._told(self._view.name)

    async def refresh(self, lease: Lease) -> int:
        """Refresh now, as the share's owner, and return the position that is stored then.

        Raises:
            LeaseLostError: somebody else refreshes it.
            DatabaseError: the database failed; nothing was changed.
        """
        position = await self.begin(lease)
        state = await self._sources.state(position)
        new = position if state is None else state.position
        self._due = state
        move = CheckpointMove(self._share, self._view.version, lease.token, position, new)
        await self.apply(EventPage((), new), move)
        return new

    async def _next_due(self, position: int) -> SourceState:
        """Wait until something is to be stored, and return how far the sources were then."""
        while True:
            state = await self._sources.state(position)
            if state is not None and state.contents != self._contained:
                now = asyncio.get_running_loop().time()
                rest = self._pace.rest(state.contents, now, in_haste=self._haste.is_on)
            elif state is not None and state.position != position:
                rest = 0.0
            else:
                await self._sources.moved(state)
                rest = LOOK_SECONDS  # many moves are one
            if state is not None and not rest:
                return state
            await self._haste.pause(rest, at_least=LOOK_SECONDS)
