"""Reads the log in a process of its own, and records in a file what it got, in order, until it got the last event.

A line is an event's position, its id and when it came (the machine's monotonic clock); after each page a line says how
far the reader is. It goes on from there when it is started again, so that killing it neither skips nor doubles; killed
after the last event and before its end, it has nothing left to do.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from enum import Enum
from pathlib import Path
from typing import Final

from duolog.container.databases import open_database
from duolog.errors import DatabaseError
from duolog.eventstore.filters import ALL_EVENTS, EventFilter
from duolog.eventstore.port import EventPage, EventStore
from tests.faults.storm.appender import persistently

LAST: Final = "storm.end"
FILTER: Final = EventFilter(types=frozenset(("storm.odd", LAST)))
_THROUGH: Final = "through"
_END: Final = "end"
_BATCH: Final = 100
_PAUSE: Final = 0.01


class Way(Enum):
    """How a reader reads."""

    SUBSCRIBED = "subscribed"
    FILTERED = "filtered"
    PAGED = "paged"

    @property
    def filter(self) -> EventFilter:
        """Which events it wants."""
        return FILTER if self is Way.FILTERED else ALL_EVENTS


async def pages(store: EventStore, way: Way, after: int) -> AsyncIterator[EventPage]:
    """Follow the log."""
    if way is not Way.PAGED:
        async with aclosing(store.subscribe(after=after, batch=_BATCH, filter=way.filter)) as following:
            async for page in following:
                yield page
    while True:
        page = await store.read_all(after=after, limit=_BATCH, filter=way.filter)
        if page.through == after:
            await asyncio.sleep(_PAUSE)
        after = page.through
        yield page


def resumed(file: Path) -> int | None:
    """Cut off a page that was not written to its end, and return how far the reader was; None if it got everything."""
    lines = file.read_text(encoding="ascii").splitlines(keepends=True) if file.exists() else []
    while lines and not (lines[-1].startswith(_THROUGH) and lines[-1].endswith("\n")):
        lines.pop()
    file.write_text("".join(lines), encoding="ascii")
    if not lines:
        return 0
    _, through, *end = lines[-1].split()
    return None if end else int(through)


async def main(url: str, way: Way, file: Path) -> None:
    """Read until the last event, whatever happens to the server."""
    through = resumed(file)
    if through is None:
        return
    database = open_database(url)
    await persistently(database.open)
    sys.stdout.write("reading\n")
    sys.stdout.flush()
    with file.open("ab", buffering=0) as record:
        while True:
            try:
                async for page in pages(database.store, way, through):
                    now = repr(time.monotonic())
                    lines = [f"{event.position} {event.event_id} {now}\n" for event in page.events]
                    is_last = bool(page.events) and page.events[-1].type == LAST
                    lines.append(f"{_THROUGH} {page.through}{f' {_END}' if is_last else ''}\n")
                    os.write(record.fileno(), "".join(lines).encode())
                    through = page.through
                    if is_last:
                        await database.close()
                        return
            except DatabaseError:
                await asyncio.sleep(_PAUSE)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Way(sys.argv[2]), Path(sys.argv[3])))
