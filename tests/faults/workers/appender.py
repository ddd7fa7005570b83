"""Appends deposits at a rate, in a process: ``python -m tests.faults.workers.appender URL EVENTS_PER_SECOND``.

It prints lines as `tests.faults.writer` does, of units of several events in several streams; when its input ends it
waits for what it asked for, and ends.
"""

import asyncio
import random
import sys

from duolog.codec.event_codec import EventCodec
from duolog.container.databases import open_database
from duolog.errors import DatabaseError, OutcomeUnknownError
from duolog.eventstore.appends import Append
from duolog.eventstore.port import EventStore
from duolog.ids import uuid7
from tests.faults.workers.bank import Deposited, codec
from tests.faults.writer import say

EVENTS = 10
ACCOUNTS = 500
BRANCHES = 40
MOST_AT_ONCE = 32


async def append(store: EventStore, encoder: EventCodec) -> None:
    """Append one unit, and print what is answered."""
    unit = uuid7().hex
    say("invoke", unit)
    streams = random.sample(range(ACCOUNTS), EVENTS)
    appends = [
        Append(f"account-{stream}", (encoder.encode(Deposited(unit, f"branch {stream % BRANCHES}", stream * 7 % 997)),))
        for stream in streams
    ]
    try:
        await store.append_all(appends)
    except OutcomeUnknownError:
        say("unknown", unit)
    except DatabaseError:
        say("fail", unit)
    else:
        say("ok", unit)


async def main(url: str, rate: float) -> None:
    """Append until the input ends; what is late is not caught up with, so that the rate stays below what was asked."""
    database = open_database(url)
    await database.open()
    encoder = codec()
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    running: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    due = loop.time()
    while not ended.done():
        due = max(due + EVENTS / rate, loop.time() - 1)
        await asyncio.sleep(max(0.0, due - loop.time()))
        if len(running) >= MOST_AT_ONCE:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(append(database.store, encoder))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
