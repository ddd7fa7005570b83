"""What a process has heard of views: how far they have come at least, and as of when it knows."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from duolog.errors import NotStartedError
from duolog.tables.view_changes import ReadsViewChanges, ViewChanges, ViewVersion

NEVER: Final = -math.inf
"""Before any time of the steady clock."""

_NOTHING: Final[ViewVersion] = (0, 0, 0)


@dataclass(slots=True)
class KnownView:
    """What is known of one view.

    Attributes:
        version: it has come to this, or further; the greatest version that was ever heard of.
        position: what is up to there is in it, at that version.
        as_of: at this time of the process's steady clock, in seconds, it had not come further than ``version``.
        distrusted_at: what was read before this time does not say any more how far it is.
    """

    version: ViewVersion = _NOTHING
    position: int = 0
    as_of: float = NEVER
    distrusted_at: float = NEVER


class Listener(Protocol):
    """Is told what becomes known; it must neither wait nor fail."""

    def __call__(self, view: str, /, *, is_certain: bool) -> None:
        """Hear that a view has changed; if it is not certain, that it may have."""
        ...


@dataclass(frozen=True, slots=True)
class _Reading:
    began: float
    task: asyncio.Task[None]


class KnownViews:
    """The board of a process on which every version stands that it has read from its database.

    Args:
        source: reads what views have come to now.

    Attributes:
        listeners: are told what becomes known.
    """

    __slots__ = ("_readings", "_source", "_views", "listeners")

    def __init__(self, source: ReadsViewChanges) -> None:
        self.listeners: list[Listener] = []
        self._source = source
        self._views: dict[str, KnownView] = {}
        self._readings: dict[tuple[str, ...], _Reading] = {}

    def of(self, view: str) -> KnownView:
        """Return what is known of a view, which is brought up to date in place."""
        known = self._views.get(view)
        if known is None:
            known = self._views[view] = KnownView()
        return known

    def hear(self, view: str, changes: ViewChanges, as_of: float) -> None:
        """Note what a view had come to.

        Args:
            view: its name.
            changes: what was read.
            as_of: a time before it was read.
        """
        known = self.of(view)
        if changes.version > known.version:
            known.version, known.position = changes.version, changes.position
            self._tell(view, is_certain=True)
        elif changes.version == known.version and changes.position > known.position:
            known.position = changes.position
        if as_of > known.as_of and as_of >= known.distrusted_at:
            known.as_of = as_of

    def distrust(self, view: str) -> None:
        """Note that a view may have changed just now: what was read before says nothing any more."""
        known = self.of(view)
        known.as_of, known.distrusted_at = NEVER, time.monotonic()
        self._tell(view, is_certain=False)

    def distrust_all(self) -> None:
        """Note that every view may have changed just now."""
        for view in self._views:
            self.distrust(view)

    async def check(self, views: tuple[str, ...], *, since: float) -> None:
        """Read what views have come to, once for all who ask at the same time.

        Args:
            views: their names.
            since: a time of the steady clock, in seconds; a reading that began earlier is not enough.

        Raises:
            DatabaseError: it could not be read.
        """
        while True:
            reading = self._readings.get(views)
            if reading is None:
                began = time.monotonic()
                task = asyncio.create_task(self._read(views, began), name="check views")
                reading = self._readings[views] = _Reading(began, task)
                task.add_done_callback(lambda ended: self._end(views, ended))
            await asyncio.wait((reading.task,))  # not cancelled with one of those who wait for it
            if reading.began >= since:
                if reading.task.cancelled():
                    raise closing()
                reading.task.result()
                return

    async def close(self) -> None:
        """End what is being read."""
        tasks = [reading.task for reading in self._readings.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _end(self, views: tuple[str, ...], ended: asyncio.Task[None]) -> None:
        self._readings.pop(views, None)
        if not ended.cancelled():
            ended.exception()  # whoever waited for it may be gone

    def _tell(self, view: str, *, is_certain: bool) -> None:
        for listener in self.listeners:
            listener(view, is_certain=is_certain)

    async def _read(self, views: Sequence[str], began: float) -> None:
        for view, changes in (await self._source.view_changes(views)).items():
            self.hear(view, changes, began)


def closing() -> NotStartedError:
    """Return the error of whoever waits for views of an application that is being closed."""
    message = "the application was closed meanwhile"
    return NotStartedError(message, hint="Use it inside `async with app:`.")
