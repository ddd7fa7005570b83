"""A log of many events, filled by the port that `duolog import` uses."""

import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from benchmarks.harness.server import BenchServer
from benchmarks.workloads.accounts import Account, AccountRenamed, opened
from benchmarks.workloads.application import make_codec, open_postgres
from benchmarks.workloads.payload import NAME
from duolog.adapters import postgres
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent

LENGTH: Final = 100
"""Events of a stream."""
_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is filled.

    Attributes:
        name: how it is called in the tables.
        events: how many it was filled with.
        url: where it is.
        database: open.
        seconds: how long it took to fill it.
    """

    name: str
    events: int
    url: str
    database: PostgresDatabase
    seconds: float


@asynccontextmanager
async def open_long_log(server: BenchServer, events: int) -> AsyncGenerator[Log]:
    """Fill a log that is not there yet.

    Args:
        server: where.
        events: how many it gets.
    """
    with server.new_database() as url:
        begin = time.perf_counter()
        await _import(url, events)
        seconds = time.perf_counter() - begin
        name = url.rpartition("/")[2]
        server.run_sql("VACUUM (ANALYZE)", database=name)
        server.run_sql("CHECKPOINT", database=name)
        async with open_postgres(url) as database:
            yield Log(f"{events:,} events", events, url, database, seconds)


async def _import(url: str, events: int) -> None:
    database = postgres.open_database(url)
    await database.open(for_transfer=True)
    try:
        transfer = database.transfer
        await transfer.begin(await transfer.identity(), "a benchmark")
        begin, done = time.perf_counter(), 0
        for batch in _history(events):
            await transfer.receive(batch)
            done += len(batch)
            seconds = time.perf_counter() - begin
            print(f"\r{done:>12,} of {events:,} events, {done / seconds:,.0f} a second ", end="", file=sys.stderr)
        print(file=sys.stderr)
        await transfer.finish()
    finally:
        await database.close()


def _history(events: int) -> Iterator[list[RecordedEvent]]:
    """Make streams of a hundred events; ten thousand of them grow side by side, so that a stream's events are apart."""
    codec, position = make_codec(), 0
    side_by_side = min(_AT_ONCE, events // LENGTH)
    while position < events:
        ids = [uuid7() for _ in range(min(side_by_side, (events - position) // LENGTH))]
        for version in range(1, LENGTH + 1):
            batch: list[RecordedEvent] = []
            for account_id in ids:
                position += 1
                new = codec.encode(opened(account_id) if version == 1 else AccountRenamed(account_id, NAME))
                stream = f"{Account.category}-{account_id}"
                batch.append(
                    RecordedEvent(
                        position=position,
                        tenant="",
                        stream=stream,
                        version=version,
                        event_id=new.event_id,
                        type=new.type,
                        schema_version=new.schema_version,
                        tags=new.tags,
                        partition=partition_of("", stream),
                        data=new.data,
                        metadata=new.metadata,
                        recorded_at=time.time_ns() // 1_000,
                    )
                )
            yield batch
