"""Appends events in a process of its own: `python appender.py URL COUNT STREAM`; COUNT 0 means without end.

It prints the id of an event once its append has returned, so what is printed is what was acknowledged.
"""

import asyncio
import itertools
import sys

from duolog.adapters.sqlite import open_database
from duolog.testing.contracts.samples import new_event

AT_ONCE = 16


async def append(url: str, count: int, stream: str) -> None:
    database = open_database(url)
    await database.open()

    async def one(number: int) -> None:
        event = new_event(data=b'{"n":%d}' % number)
        await database.store.append(f"{stream}-{number}", [event, new_event()])
        print(event.event_id, flush=True)  # noqa: T201 - this is how it tells its parent

    numbers = iter(range(count) if count else itertools.count())
    while batch := list(itertools.islice(numbers, AT_ONCE)):
        await asyncio.gather(*(one(number) for number in batch))
    await database.close()


asyncio.run(append(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
