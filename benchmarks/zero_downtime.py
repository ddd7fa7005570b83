"""Measures a rebuild while the application is used: ``python -m benchmarks.zero_downtime [--rows N] [--write]``.

Queries and commands come at fixed times, whatever became of those before, and each one's latency counts from when it
was due: a stall shows in all that were due meanwhile. The rebuild is a process of its own, as from the command line.
"""

import argparse
import asyncio
import itertools
import json
import math
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final
from uuid import UUID

import uvloop

from benchmarks.__main__ import PAGE, POSTGRES_PEERS
from benchmarks.harness.machine import describe_machine, describe_packages
from benchmarks.harness.page import replace_section
from benchmarks.harness.server import BenchServer
from benchmarks.workloads.accounts import AccountsView, OpenAccountCommand, OpenAccountInteractor
from benchmarks.workloads.application import SECRET, fill, open_postgres
from duolog import Application, Query, ReadDatabase
from duolog.projections.building import Built

QUERIES: Final = 200
COMMANDS: Final = 500
CALM_SECONDS: Final = 15.0
AROUND: Final = 0.5
_CAUGHT_UP_SECONDS: Final = 7_200.0
_MS: Final = 1_000


class IndexedAccounts(AccountsView):
    """The accounts, with an index that a rebuild makes after the load."""

    name, version = "accounts", 1
    indexes: ClassVar[dict[str, str]] = {"accounts_by_name": "CREATE INDEX accounts_by_name ON accounts (name, id)"}


@dataclass(frozen=True, slots=True)
class AccountDTO:
    id: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class PageAccountsQuery(Query[list[AccountDTO]]):
    after: str


class PageAccountsQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: PageAccountsQuery) -> list[AccountDTO]:
        sql = "SELECT id, name, email FROM accounts WHERE id > :after ORDER BY id LIMIT 20"
        return list(await self._db.fetch(sql, {"after": query.after}, into=AccountDTO))


def make_application(url: str) -> Application:
    return Application(
        "zero-downtime",
        database=url,
        handlers=[
            OpenAccountCommand.handled_by(OpenAccountInteractor),
            PageAccountsQuery.handled_by(PageAccountsQueryService),
        ],
        projections=[IndexedAccounts],
        secret=SECRET,
    )


@dataclass
class Load:
    """What comes at fixed times.

    Attributes:
        name: what it is called in the table.
        work: does one.
        per_second: how many are due in a second.
        done: when each was due, and how long after that it was answered; both in seconds.
        errors: what they raised.
    """

    name: str
    work: Callable[[], Awaitable[object]]
    per_second: int
    done: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    errors: Counter[str] = field(default_factory=Counter[str])

    async def run(self, over: asyncio.Event) -> None:
        """Have one done at each time until it is over, and wait for those under way."""
        begin, count = time.monotonic(), 0
        async with asyncio.TaskGroup() as group:
            while not over.is_set():
                due = begin + count / self.per_second
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(self._one(due))
                count += 1

    async def _one(self, due: float) -> None:
        try:
            await self.work()
        except Exception as error:  # noqa: BLE001 - that is what is counted
            self.errors[type(error).__name__] += 1
        else:
            self.done.append((due, time.monotonic() - due))

    def between(self, begin: float, end: float) -> list[float]:
        """Return the latencies of those that were due in a time, in order."""
        return sorted(latency for due, latency in self.done if begin <= due < end)


async def measure(url: str, rows: int) -> str:
    """Fill a log and its view, rebuild it under load, and return the tables."""
    async with open_postgres(url) as database:
        begin = time.monotonic()
        ids = await fill(database, rows)
        print(f"{rows:,} events in {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
    app = make_application(url)
    async with app:
        begin = time.monotonic()
        await app.caught_up(timeout=_CAUGHT_UP_SECONDS)
        print(f"{rows:,} rows in {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
        step = max(1, len(ids) // 9_973)
        wanted = [str(each) for each in ids[::step]]
        queries = Load("queries", _asking(app, wanted), QUERIES)
        commands = Load("commands", lambda: app.execute(OpenAccountCommand()), COMMANDS)
        over = asyncio.Event()
        begin = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for load in (queries, commands):
                group.create_task(load.run(over))
            await asyncio.sleep(CALM_SECONDS)
            times = await _rebuilt(url)
            await asyncio.sleep(CALM_SECONDS)
            over.set()
        await app.caught_up(timeout=_CAUGHT_UP_SECONDS)
        reader = app.database.open_reader()
        shown = int(await reader.fetch_value("SELECT count(*) FROM accounts"))
        await reader.close()
        placed = rows + len(commands.done)
    return _tables((queries, commands), begin, times, shown=shown, placed=placed)


def _asking(app: Application, wanted: Sequence[str]) -> Callable[[], Awaitable[object]]:
    turns = itertools.cycle(wanted)

    async def ask() -> None:
        account = next(turns)
        found = await app.query(PageAccountsQuery(str(UUID(int=UUID(account).int - 1))))
        if not found or found[0].id != account:
            message = "a row that was there is missing"
            raise LookupError(message)

    return ask


async def _rebuilt(url: str) -> dict[str, float]:
    """Rebuild in a process of its own; return when each step was done, by this machine's monotonic clock."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.zero_downtime", "--rebuild", url, stdout=PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        message = "the rebuild failed"
        raise RuntimeError(message)
    return {each["step"]: each["at"] for each in map(json.loads, out.splitlines())}


async def rebuild(url: str) -> None:
    """Rebuild the view, and print when each step was done."""
    app = make_application(url)
    await app.start(projections=False)
    try:
        _print_step("begun")
        async with app.rebuilds().building(IndexedAccounts) as building:
            await building.build(_quietly)
            _print_step("built")
            await building.switch()
            _print_step("switched")
        _print_step("ended")
    finally:
        await app.close()


def _quietly(_: Built) -> None:
    """Show nothing."""


def _print_step(step: str) -> None:
    print(json.dumps({"step": step, "at": time.monotonic()}), flush=True)


def _tables(loads: Sequence[Load], begin: float, times: dict[str, float], *, shown: int, placed: int) -> str:
    phases = {
        "before": (begin + 1, times["begun"]),
        "while it is built": (times["begun"], times["built"]),
        "around the switch": (times["built"] - AROUND, times["switched"] + AROUND),
        "after": (times["switched"] + AROUND, math.inf),
    }
    lines = [
        "| | due a second | phase | answered | p50 | p99 | longest |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for load in loads:
        for phase, (since, until) in phases.items():
            found = load.between(since, until)
            figures = [_percentile(found, part) for part in (0.5, 0.99, 1.0)]
            shown_figures = " | ".join(f"{each * _MS:,.1f} ms" for each in figures)
            lines.append(f"| {load.name} | {load.per_second} | {phase} | {len(found):,} | {shown_figures} |")
    failed = {load.name: sum(load.errors.values()) for load in loads}
    kinds = ", ".join(f"{kind}: {count}" for load in loads for kind, count in load.errors.items())
    lines += [
        "",
        (
            f"Failed: {', '.join(f'{count} {name}' for name, count in failed.items())}{kinds and f' ({kinds})'}. "
            f"Built in {times['built'] - times['begun']:.1f} s; switched {times['switched'] - times['built']:.3f} s "
            f"after that, lock waits and catching up included. "
            f"{shown:,} rows in the view, {placed:,} events in the log."
        ),
    ]
    return "\n".join(lines)


def _percentile(found: Sequence[float], part: float) -> float:
    return found[min(len(found) - 1, int(part * len(found)))] if found else math.nan


def main() -> None:
    """Run it, and print the tables, or write them into the documentation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zero_downtime", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the view (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the server's data are")
    parser.add_argument("--write", action="store_true", help=f"replace the section in {PAGE.name}")
    parser.add_argument("--rebuild", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.rebuild:
        uvloop.run(rebuild(arguments.rebuild))
        return
    with BenchServer(arguments.folder) as server, server.new_database() as url:
        table = uvloop.run(measure(url, arguments.rows))
        print(
            f"\n{table}\n\n" + "\n".join([*server.describe(), describe_packages(*POSTGRES_PEERS), *describe_machine()])
        )
    if arguments.write:
        text = f"{table}\n\n`python -m benchmarks.zero_downtime --rows {arguments.rows}`"
        PAGE.write_text(replace_section(PAGE.read_text(encoding="utf-8"), "zero-downtime", text), encoding="utf-8")


if __name__ == "__main__":
    main()
