"""Measures whether a log slows down as it grows: ``python -m benchmarks.growth [--events N] [--write]``.

A small log and a great one on the same PostgreSQL server, filled in bulk by the port that `duolog import` uses, and
then measured in turn.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import uvloop

from benchmarks.__main__ import PAGE, POSTGRES_PEERS
from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.figures import figures, verdicts
from benchmarks.harness.machine import describe_machine, describe_packages
from benchmarks.harness.page import replace_section
from benchmarks.harness.rounds import LEAST_ROUNDS, run
from benchmarks.harness.server import BenchServer
from benchmarks.harness.stopwatch import time_loop, time_tasks
from benchmarks.harness.table import render
from benchmarks.workloads.accounts import Account, AccountRenamed, opened
from benchmarks.workloads.application import make_codec, open_postgres
from benchmarks.workloads.payload import NAME
from duolog import EventSourcedRepository, UnitOfWork
from duolog.adapters import postgres
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.eventstore.expectations import NoStream
from duolog.eventstore.streams import partition_of
from duolog.ids import uuid7
from duolog.messages.envelope import RecordedEvent

LENGTH: Final = 100
IN_FLIGHT: Final = 64
READ_PAGE: Final = 1_000
LEAST_SPEED: Final = 0.85
_AT_ONCE: Final = 10_000
_SIZES: Final = {
    "log": "SELECT pg_table_size('duolog.events')",
    "its indexes": "SELECT pg_indexes_size('duolog.events')",
    "whole database": "SELECT pg_database_size(current_database())",
}


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


async def measure(
    server: BenchServer, small: int, great: int, *, appends: int, loads: int, rounds: int
) -> dict[str, str]:
    """Fill both logs, and return the tables by name."""
    async with AsyncExitStack() as stack:
        logs = [await stack.enter_async_context(_filled(server, events)) for events in (small, great)]
        tables = {"growth-sizes": _sizes(server, logs)}
        print(f"\n{tables['growth-sizes']}", flush=True)
        peaks: dict[str, int] = {}
        rows: list[tuple[str, str, str, Callable[[Log], Callable[[], Awaitable[Sample]]]]] = [
            ("growth-stream", f"Load a stream of {LENGTH} events", "load", lambda log: _loading(log, loads)),
            ("growth-log", "Read the whole log and decode it", "event", lambda log: _reading(log, peaks)),
            ("growth-append", f"Append, {IN_FLIGHT} in flight", "append", lambda log: _appending(log, appends)),
        ]
        for name, title, unit, work in rows:
            comparison = Comparison(
                name,
                title,
                unit,
                [Case(log.name, _opening(work(log))) for log in logs],
                reference=logs[0].name,
                targets=(Target(logs[1].name, logs[0].name, LEAST_SPEED, f"no more than 15 % slower: {unit}s"),),
            )
            with tempfile.TemporaryDirectory() as folder:
                samples = await run(comparison, Path(folder), rounds=rounds)
            tables[name] = render(comparison, figures(comparison, samples), verdicts(comparison, samples))
            if name == "growth-log":
                tables[name] += "\n\n" + _memory(logs, peaks)
            print(f"\n## {title}\n\n{tables[name]}", flush=True)
    return tables


@asynccontextmanager
async def _filled(server: BenchServer, events: int) -> AsyncGenerator[Log]:
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


def _opening(work: Callable[[], Awaitable[Sample]]) -> Callable[[Path], Round]:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        yield work

    return opening


def _appending(log: Log, count: int) -> Callable[[], Awaitable[Sample]]:
    codec, store = make_codec(), log.database.store

    async def append() -> None:
        account_id = uuid7()
        await store.append(f"account-{account_id}", (codec.encode(opened(account_id)),), NoStream())

    return lambda: time_tasks(append, count, IN_FLIGHT)


def _reading(log: Log, peaks: dict[str, int]) -> Callable[[], Awaitable[Sample]]:
    decode, store = make_codec().decode_all, log.database.store

    async def measure() -> Sample:
        _forget_peak()
        begin, position, seen = time.perf_counter(), 0, 0
        while events := (page := await store.read_all(after=position, limit=READ_PAGE)).events:
            for event in events:
                decode(event)
            position, seen = page.through, seen + len(events)
        assert seen == log.events
        seconds = time.perf_counter() - begin
        peaks[log.name] = max(peaks.get(log.name, 0), _peak())
        return Sample(seen, seconds)

    return measure


def _loading(log: Log, count: int) -> Callable[[], Awaitable[Sample]]:
    codec, database = make_codec(), log.database
    wanted: deque[UUID] = deque()

    async def load() -> None:
        unit = UnitOfWork(store=database.store, committer=database.committer, codec=codec)
        account = await EventSourcedRepository(Account, unit).load(wanted.popleft())
        assert account.version == LENGTH

    async def measure() -> Sample:
        # Streams from everywhere in the log: what nobody has read lately may be on the disk only.
        step = max(log.events // count, 1)
        for nth in range(count):
            page = await database.store.read_all(after=nth * step, limit=1)
            wanted.append(UUID(page.events[0].stream.partition("-")[2]))
        return await time_loop(load, count)

    return measure


def _memory(logs: list[Log], peaks: dict[str, int]) -> str:
    lines = ["| log | most memory of the client while it reads |", "| --- | ---: |"]
    lines += [f"| {log.name} | {peaks[log.name] / 2**20:,.1f} MiB |" for log in logs]
    ratio = peaks[logs[1].name] / peaks[logs[0].name]
    lines.append(f"| ratio; at most 1.15 is aimed at | {ratio:.2f} |")
    return "\n".join(lines)


def _sizes(server: BenchServer, logs: list[Log]) -> str:
    lines = ["| log | " + " | ".join(_SIZES) + " | bytes an event | filled, events a second |"]
    lines.append("| --- |" + " ---: |" * (len(_SIZES) + 2))
    for log in logs:
        sizes = [int(server.run_sql(sql, database=log.url.rpartition("/")[2])) for sql in _SIZES.values()]
        cells = [f"{size / 2**20:,.0f} MiB" for size in sizes]
        cells += [f"{(sizes[0] + sizes[1]) / log.events:,.0f}", f"{log.events / log.seconds:,.0f}"]
        lines.append(f"| {log.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _forget_peak() -> None:
    """Begin the process's greatest memory anew; Linux only, see proc(5)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1_024
    message = "the system does not tell how much memory a process has used"
    raise AssertionError(message)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description="Measure how a log grows old.")
    parser.add_argument("--events", type=int, default=10_000_000, help="events of the great log")
    parser.add_argument("--small", type=int, default=100_000, help="events of the small one")
    parser.add_argument("--appends", type=int, default=6_400, help="appends a round")
    parser.add_argument("--loads", type=int, default=200, help="streams a round that are loaded")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="rounds that count")
    parser.add_argument("--folder", type=Path, default=None, help="where the database is made; tells which disk")
    parser.add_argument("--uvloop", action="store_true", help="run on uvloop")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    options = parser.parse_args()
    assert options.small % LENGTH == options.events % LENGTH == 0, f"streams have {LENGTH} events"
    loop = uvloop.new_event_loop if options.uvloop else None
    with BenchServer(options.folder) as server, asyncio.Runner(loop_factory=loop) as runner:
        tables = runner.run(
            measure(
                server,
                options.small,
                options.events,
                appends=options.appends,
                loads=options.loads,
                rounds=options.rounds,
            )
        )
        machine = [*server.describe(), describe_packages(*POSTGRES_PEERS), *describe_machine()]
    print("\n".join(machine))
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        for name, table in tables.items():
            page = replace_section(page, name, f"{table}\n\n`python -m benchmarks.growth --events {options.events}`")
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
