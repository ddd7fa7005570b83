"""Measures whether a log slows down as it grows: ``python -m benchmarks.growth [--events N] [--write]``.

A small log and a great one on the same PostgreSQL server, filled in bulk by the port that `duolog import` uses, and
then measured in turn.
"""

import argparse
import asyncio
import tempfile
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
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
from benchmarks.workloads.accounts import Account, AccountsView, opened
from benchmarks.workloads.application import fill, make_application, make_codec
from benchmarks.workloads.catching_up import catching_up
from benchmarks.workloads.long_log import LENGTH, Log, open_long_log
from duolog import EventSourcedRepository, UnitOfWork
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

IN_FLIGHT: Final = 64
READ_PAGE: Final = 1_000
STRETCH: Final = 100_000
STRETCHES: Final = 10
LEAST_SPEED: Final = 0.85
_LIMIT: Final = 3_600.0
_SIZES: Final = {
    "log": "SELECT pg_table_size('duolog.events')",
    "its indexes": "SELECT pg_indexes_size('duolog.events')",
    "whole database": "SELECT pg_database_size(current_database())",
}


async def measure(
    server: BenchServer, small: int, great: int, *, appends: int, loads: int, projected: int, rounds: int
) -> dict[str, str]:
    """Fill both logs, and return the tables by name."""
    async with AsyncExitStack() as stack:
        logs = [await stack.enter_async_context(open_long_log(server, events)) for events in (small, great)]
        tables = {"growth-sizes": _sizes(server, logs)}
        print(f"\n{tables['growth-sizes']}", flush=True)
        peaks: dict[str, int] = {}
        rows: list[tuple[str, str, str, Callable[[Log], Callable[[], Awaitable[Sample]]]]] = [
            ("growth-stream", f"Load a stream of {LENGTH} events", "load", lambda log: _loading(log, loads)),
            (
                "growth-log",
                "Read the log, up to ten stretches from everywhere in it, and decode it",
                "event",
                lambda log: _reading(log, peaks),
            ),
            ("growth-append", f"Append, {IN_FLIGHT} in flight", "append", lambda log: _appending(log, appends)),
            ("growth-view", "Apply new events at the log's end", "event", lambda log: _projecting(log, projected)),
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


def _opening(work: Round) -> Callable[[Path], AbstractAsyncContextManager[Round]]:
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


def _projecting(log: Log, count: int) -> Callable[[], Awaitable[Sample]]:
    """Have a view that has all of the log apply what is appended while nobody advances it."""
    database, name, built = log.database, AccountsView.name, False

    async def measure() -> Sample:
        nonlocal built
        if not built:
            async with make_application(log.url, [AccountsView]) as app:
                await app.caught_up(timeout=_LIMIT)
            built = True
        await fill(database, count)
        head = await database.store.head()
        async with asyncio.TaskGroup() as group:
            timing = group.create_task(catching_up(database, name, head, seconds=_LIMIT))
            await asyncio.sleep(0)  # it knows where the view stands before anybody moves it
            async with make_application(log.url, [AccountsView]):
                seconds = await timing
        return Sample(count, seconds)

    return measure


def _reading(log: Log, peaks: dict[str, int]) -> Callable[[], Awaitable[Sample]]:
    decode, store = make_codec().decode_all, log.database.store

    async def measure() -> Sample:
        _forget_peak()
        begin, seen = time.perf_counter(), 0
        for start in range(0, log.events, max(log.events // STRETCHES, STRETCH)):
            position, end = start, min(start + STRETCH, log.events)
            while events := (page := await store.read_all(after=position, limit=READ_PAGE)).events:
                for event in events:
                    decode(event)
                position, seen = page.through, seen + len(events)
                if position >= end:
                    break
        assert seen == min(log.events, STRETCHES * STRETCH)
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
    parser.add_argument("--projected", type=int, default=20_000, help="events a round that a view applies")
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
                projected=options.projected,
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
