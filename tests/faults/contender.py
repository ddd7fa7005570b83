"""Clients in a process of its own that fight over a few streams: each reads a version, and appends at exactly that one.

It prints what it asks for and what it is answered, as `tests.faults.writer` does: for an append its stream and the
expected version, then the version it got or found; for a read its stream and the version it saw. What the database
failed has no version.
"""

import asyncio
import itertools
import sys

from duolog.container.databases import open_database
from duolog.errors import ConflictError, DatabaseError, OutcomeUnknownError, WrongExpectedVersionError
from duolog.eventstore.expectations import Exactly
from duolog.eventstore.port import EventStore
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from tests.faults.writer import say

CLIENTS = 4
STREAMS = 5
AFTER_ERROR = 0.005


async def contend(store: EventStore, turn: int) -> None:
    """Read a stream's version, and append at it."""
    stream = f"hot-{turn // CLIENTS % STREAMS}"  # so the clients meet there
    read, event_id = uuid7(), uuid7()
    say("invoke", f"read-{read}", stream)
    try:
        last = await store.read_stream(stream, limit=1, backward=True)
    except DatabaseError:
        say("unknown", f"read-{read}")
        await asyncio.sleep(AFTER_ERROR)
        return
    version = last[0].version if last else 0
    say("ok", f"read-{read}", str(version))
    say("invoke", str(event_id), stream, str(version))
    try:
        appended = await store.append(stream, [NewEvent(event_id, "contended", 1, b"{}")], Exactly(version))
    except WrongExpectedVersionError as error:
        say("fail", str(event_id), str(error.actual))
    except OutcomeUnknownError:
        say("unknown", str(event_id))
    except (ConflictError, DatabaseError):  # of a conflict without a version: it waited for the others too long
        say("fail", str(event_id))
        await asyncio.sleep(AFTER_ERROR)
    else:
        say("ok", str(event_id), str(appended.versions[stream]))


async def main(url: str) -> None:
    """Have all clients contend until the input ends."""
    database = open_database(url)
    await database.open()
    turns = itertools.count()
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.read))

    async def client() -> None:
        while not ended.done():
            await contend(database.store, next(turns))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
