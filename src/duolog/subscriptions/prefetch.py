"""Reading ahead: the next pages are fetched and decoded while one is applied."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final

from duolog.eventstore.port import EventPage
from duolog.messages.envelope import RecordedEvent
from duolog.subscriptions.page_size import PageSize

_AHEAD: Final = 2
"""So many pages' events are kept at most, counted from the one that is given out next; and one page as it was read."""


async def prefetched(
    pages: AsyncGenerator[EventPage, None], size: PageSize, foresee: Callable[[Sequence[RecordedEvent]], None]
) -> AsyncGenerator[EventPage, None]:
    """Read pages ahead, and put together or cut what was read into pages of the wanted size.

    Args:
        pages: pages in order; closed at the end.
        size: how many events a page may have by now; a page that is short was all there was.
        foresee: called with the events of each page as soon as it was read.

    Yields:
        The same stretch of the log, in order.

    Raises:
        Exception: what reading raised, once everything that was read before was given out.
    """
    ahead = _Ahead(pages, size, foresee)
    reading = asyncio.create_task(ahead.read(), name="duolog-prefetch")
    try:
        while (page := await ahead.next()) is not None:
            yield page
        reading.result()
    finally:
        reading.cancel()
        await asyncio.wait((reading,))
        await pages.aclose()


class _Ahead:
    def __init__(
        self,
        pages: AsyncGenerator[EventPage, None],
        size: PageSize,
        foresee: Callable[[Sequence[RecordedEvent]], None],
    ) -> None:
        self._pages = pages
        self._size = size
        self._foresee = foresee
        self._read: deque[EventPage] = deque()
        self._count = 0
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._ended = False

    async def read(self) -> None:
        try:
            async for page in self._pages:
                self._foresee(page.events)
                self._read.append(page)
                self._count += len(page.events)
                self._changed.set()
                while self._count >= _AHEAD * self._size.events:
                    self._room.clear()
                    await self._room.wait()
        finally:
            self._ended = True
            self._changed.set()

    async def next(self) -> EventPage | None:
        """Return the next page; None if there is none any more."""
        while not self._read:
            if self._ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        page = self._take()
        self._count -= len(page.events)
        self._room.set()
        return page

    def _take(self) -> EventPage:
        wanted = self._size.events
        first = self._read.popleft()
        if len(first.events) > wanted:
            now, later = first.events[:wanted], first.events[wanted:]
            self._read.appendleft(EventPage(later, first.through))
            return EventPage(now, now[-1].position)
        if not self._read:
            return first
        events, through = [*first.events], first.through
        while self._read and len(events) + len(self._read[0].events) <= wanted:
            page = self._read.popleft()
            events += page.events
            through = page.through
        return EventPage(events, through)
