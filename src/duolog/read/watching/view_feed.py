"""Tells those who watch views when one has changed: one reading of the database for all watchers of a process."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final, Self

from duolog.errors import TooManyWatchersError
from duolog.read.caching.known_views import KnownViews
from duolog.tables.view_changes import ViewVersion

_log: Final = logging.getLogger("duolog.watch")

_LEAST_SECONDS: Final = 0.01
_AFTER_FAILURE_SECONDS: Final = 1.0


class ViewFeed:
    """Looks what the watched views have come to: soon after this process has changed one, else from time to time.

    Nobody looks where nobody watches. A database that fails is asked again; watchers wait meanwhile.

    Args:
        known: what this process has heard of views; whatever it hears of elsewhere wakes watchers too.
        seconds: longest time between two looks: so late a change by another process may be seen.
        most: so many may watch at once.
        on_count: is told by how many the watchers have become more, or fewer.
    """

    def __init__(
        self, known: KnownViews, *, seconds: float, most: int, on_count: Callable[[int], None] | None = None
    ) -> None:
        self._known = known
        self._seconds = seconds
        self._most = most
        self._on_count = on_count
        self._watchers: set[Watcher] = set()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False
        self.is_closed = False
        known.listeners.append(self._hear)

    def watch(self, views: tuple[str, ...]) -> "Watcher":
        """Return a watcher of some views, to be used in a ``with`` block.

        Raises:
            TooManyWatchersError: no more are allowed.
        """
        return Watcher(self, views)

    async def close(self) -> None:
        """Let all watchers end."""
        self.is_closed = True
        for watcher in self._watchers:
            watcher.wake()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def enter(self, watcher: "Watcher") -> None:
        """Let a watcher in; see `watch`."""
        if len(self._watchers) >= self._most:
            raise TooManyWatchersError(most=self._most)
        self._watchers.add(watcher)
        if self._on_count is not None:
            self._on_count(1)
        if self._task is None and not self.is_closed:
            self._task = asyncio.create_task(self._run(), name="watched views")
        self._news.set()

    def leave(self, watcher: "Watcher") -> None:
        """Let a watcher out; the last one takes the reading along."""
        self._watchers.discard(watcher)
        if self._on_count is not None:
            self._on_count(-1)
        if not self._watchers and self._task is not None:
            self._task.cancel()
            self._task = None

    @property
    def count(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def versions(self, views: tuple[str, ...]) -> tuple[ViewVersion, ...]:
        """Return what is known of views."""
        return tuple(self._known.of(view).version for view in views)

    def _hear(self, view: str, *, is_certain: bool) -> None:
        """Take in that a view has changed, or may have done."""
        if not is_certain:
            self._news.set()
            return
        for watcher in self._watchers:
            if view in watcher.views:
                watcher.wake()

    async def _run(self) -> None:
        while True:
            self._news.clear()
            views = tuple(sorted({view for watcher in self._watchers for view in watcher.views}))
            pause = self._seconds
            try:
                await self._known.check(views, since=time.monotonic())  # which wakes whom it concerns
                self._is_failing = False
            except Exception as error:  # noqa: BLE001 - watchers wait until it answers again
                if not self._is_failing:
                    _log.warning("views cannot be watched now: %s", type(error).__name__)
                self._is_failing = True
                pause = _AFTER_FAILURE_SECONDS
            await asyncio.sleep(_LEAST_SECONDS)  # many changes are one look
            try:
                async with asyncio.timeout(pause):
                    await self._news.wait()
            except TimeoutError:
                continue


class Watcher:
    """Somebody who watches views.

    Attributes:
        views: their names.
    """

    __slots__ = ("_feed", "_woken", "views")

    def __init__(self, feed: ViewFeed, views: tuple[str, ...]) -> None:
        self.views = views
        self._feed = feed
        self._woken = asyncio.Event()

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._feed.enter(self)
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no more."""
        self._feed.leave(self)

    def wake(self) -> None:
        """Have it look again."""
        self._woken.set()

    async def changed(self, seen: tuple[ViewVersion, ...] | None) -> bool:
        """Wait until its views have gone on.

        Args:
            seen: what they had come to when they were read; None if one of them was not there yet.

        Returns:
            False if the application is being closed.
        """
        while not self._feed.is_closed:
            self._woken.clear()
            if seen is not None and self._feed.versions(self.views) != seen:
                return True
            await self._woken.wait()
            if seen is None:
                break
        return not self._feed.is_closed
