"""Reading a whole log, page by page."""

import asyncio
from collections.abc import AsyncGenerator

from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.eventstore.port import EventPage, EventStore


async def read_log(
    store: EventStore,
    *,
    until: int,
    after: int = 0,
    limit: int = 1_000,
    filter: EventFilter = ALL_EVENTS,  # noqa: A002 - the field's word
) -> AsyncGenerator[EventPage, None]:
    """Read the log up to a position; the next page is on its way while one is used.

    Close it if you do not read to the end (`contextlib.aclosing`).

    Args:
        store: the log.
        until: read no further pages once this position was looked at, like the log's head when the reading began.
        after: read positions above it.
        limit: at most so many wanted events a page; two pages are in memory at once.
        filter: which events are wanted.

    Yields:
        The pages. The last one may go beyond ``until``; it ends before ``until`` where that is not settled yet.

    Raises:
        DatabaseError: the log cannot be read.
    """
    if after >= until:
        return
    reading = asyncio.create_task(store.read_all(after=after, limit=limit, filter=filter))
    try:
        while (page := await reading).through > after:
            after = page.through
            if after < until:
                reading = asyncio.create_task(store.read_all(after=after, limit=limit, filter=filter))
                await asyncio.sleep(0)  # who decodes a page lets nobody else run: the next one is asked for before
            yield page
            if after >= until:
                return
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
