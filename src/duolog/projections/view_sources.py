"""What a materialized view reads: how far it is, and waiting until it may have gone on."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from duolog.eventstore.filters import EventFilter
from duolog.eventstore.port import EventStore
from duolog.projections.materialized_view import MaterializedView
from duolog.subscriptions.progress import Progress
from duolog.tables.view_changes import ReadsViewChanges, ViewVersion

_NO_EVENTS: Final = EventFilter(partitions=range(0))
_LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far everything is that a materialized view reads.

    Attributes:
        position: whatever was recorded up to there is in what it reads.
        contents: two states with the same contents would give the same rows.
        positions: by name, where each view is that it reads.
        horizon: where the log is, if the application's own tables are read; else 0.
    """

    position: int
    contents: tuple[ViewVersion | int, ...]
    positions: tuple[tuple[str, int], ...]
    horizon: int


class ViewSources:
    """Looks what one materialized view reads over.

    Rows of the application's own tables, and of inline views, are committed with their events: they are as far as the
    log is. That they have changed nobody counts, so that every event is taken for a change.

    Args:
        view: the materialized view.
        changes: tells what views have come to.
        store: the log.
        progress: the board on which the views' owners write how far they are.
    """

    __slots__ = ("_changes", "_follows_log", "_names", "_progress", "_store")

    def __init__(
        self, view: type[MaterializedView], changes: ReadsViewChanges, store: EventStore, progress: Progress
    ) -> None:
        inline = [each for each in view.reads if getattr(each, "inline", False)]
        self._names = tuple(each.name for each in view.reads if each not in inline)
        self._follows_log = bool(view.tables or inline)
        self._changes = changes
        self._store = store
        self._progress = progress

    async def state(self, after: int) -> SourceState | None:
        """Return how far they are now; None if one of them was never made.

        Args:
            after: the log was looked at up to there.

        Raises:
            DatabaseError: the database failed.
        """
        horizon = await self._horizon(after) if self._follows_log else 0
        changes = await self._changes.view_changes(self._names)
        if len(changes) < len(self._names):
            return None
        positions = tuple((name, changes[name].position) for name in self._names)
        contents = tuple(changes[name].version for name in self._names)
        reached = [position for _, position in positions]
        if self._follows_log:
            return SourceState(min([*reached, horizon]), (*contents, horizon), positions, horizon)
        return SourceState(min(reached), contents, positions, 0)

    async def moved(self, seen: SourceState | None) -> None:
        """Wait until one of them may have gone on since it was looked at: for a second at most.

        What changes without an event, like a view that was built anew or a parked event that was tried again, is found
        by looking once a second.

        Args:
            seen: how far they were; None if one of them was not there.
        """
        if seen is None:
            await asyncio.sleep(_LOOK_SECONDS)
            return
        waiting = [
            asyncio.create_task(self._progress.reached(name, position + 1), name=f"source {name}")
            for name, position in seen.positions
        ]
        if self._follows_log:
            waiting.append(asyncio.create_task(self._log_moved(seen.horizon), name="source log"))
        try:
            await asyncio.wait(waiting, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended(waiting)

    async def _horizon(self, after: int) -> int:
        return (await self._store.read_all(after=after, limit=1, filter=_NO_EVENTS)).through

    async def _log_moved(self, position: int) -> None:
        pages = self._store.subscribe(after=position, filter=_NO_EVENTS)
        try:
            async for page in pages:
                if page.through > position:
                    return
        finally:
            await pages.aclose()


async def _ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """End tasks; whether one of them has failed the next look says."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
