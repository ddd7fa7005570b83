"""Appends units in a process of its own, and prints what it asks for and what it is answered, a line each.

A unit is two events in two streams, appended as one: half of one must never be seen. A line says what happened, the
unit, when (the machine's monotonic clock), and an error's class. It ends when its input does: at once, or
with `--drain` when everything is answered that was asked for.
"""

import argparse
import asyncio
import itertools
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any

from duolog.container.databases import open_database
from duolog.errors import DatabaseError, OutcomeUnknownError
from duolog.eventstore.appends import Append
from duolog.eventstore.port import EventStore
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent

Prepare = Callable[[sqlite3.Connection], object]
_BEFORE_KILL = 0.02  # what was acknowledged too early gets out meanwhile
_AFTER_ERROR = 0.005


def with_every_connection(prepare: Prepare) -> None:
    """Have ``prepare`` called with every connection that this process opens from now on."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def prepared(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        prepare(connection)
        return connection

    sqlite3.connect = prepared  # type: ignore[assignment]  # the driver has no hook for it


def die_at_statement(number: int) -> None:
    """Have this process killed when the nth statement begins, counted over all connections."""
    count = itertools.count(1)

    def trace(_: str) -> None:
        if next(count) == number:
            time.sleep(_BEFORE_KILL)
            os.kill(os.getpid(), signal.SIGKILL)

    with_every_connection(lambda connection: connection.set_trace_callback(trace))


def say(word: str, unit: str, *rest: str) -> None:
    """Print a line, in one write that a kill cannot split."""
    os.write(1, f"{' '.join((word, unit, repr(time.monotonic()), *rest))}\n".encode())


async def append(store: EventStore, unit: str, client: int, padding: int) -> None:
    """Append one unit, and print what is answered."""
    data = f'{{"unit":"{unit}","padding":"{"x" * padding}"}}'.encode()
    say("invoke", unit)
    try:
        await store.append_all(
            [Append(f"{side}-{client}", (NewEvent(uuid7(), "unit.written", 1, data),)) for side in ("left", "right")]
        )
    except OutcomeUnknownError as error:
        say("unknown", unit, type(error).__name__)
        await asyncio.sleep(_AFTER_ERROR)
    except DatabaseError as error:
        say("fail", unit, type(error).__name__)
        await asyncio.sleep(_AFTER_ERROR)
    else:
        say("ok", unit)


async def write(url: str, *, clients: int, units: int, padding: int, drain: bool) -> None:
    """Append so many units, 0 for without end, with so many clients side by side."""
    database = open_database(url)
    await database.open()
    ended = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
    every = range(units) if units else itertools.count()
    numbers = itertools.takewhile(lambda _: not ended.done(), every)

    async def client(number: int) -> None:
        for _ in numbers:
            await append(database.store, uuid7().hex, number, padding)

    working = asyncio.gather(*(client(number) for number in range(clients)))
    await asyncio.wait((working, ended), return_when=asyncio.FIRST_COMPLETED)
    if drain:
        await working
    os._exit(0)  # as a crash would: nothing is closed, so the WAL stays


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--units", type=int, default=0)
    parser.add_argument("--padding", type=int, default=0)
    parser.add_argument("--die-at-statement", type=int, default=0)
    parser.add_argument("--checkpoint-pages", type=int, default=0)
    parser.add_argument("--drain", action="store_true")
    options = parser.parse_args()
    if options.die_at_statement:
        die_at_statement(options.die_at_statement)
    if options.checkpoint_pages:
        with_every_connection(
            lambda connection: connection.execute(f"PRAGMA wal_autocheckpoint = {options.checkpoint_pages}")
        )
    asyncio.run(
        write(
            options.url,
            clients=options.clients,
            units=options.units,
            padding=options.padding,
            drain=options.drain,
        )
    )


if __name__ == "__main__":
    main()
