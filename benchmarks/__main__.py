"""Measures duolog beside its peers: ``python -m benchmarks [--quick | --full] [--only NAME ...] [--write]``.

PostgreSQL's rows have names that begin with ``postgres``; the server is started by the benchmark itself.
"""

import argparse
import asyncio
import logging
import tempfile
from pathlib import Path

import uvloop

from benchmarks.harness.case import Comparison
from benchmarks.harness.figures import figures, verdicts
from benchmarks.harness.machine import describe_machine, describe_packages
from benchmarks.harness.page import replace_section
from benchmarks.harness.rounds import LEAST_ROUNDS, run
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import FULL, MIDDLE, NORMAL, QUICK, Sizes
from benchmarks.harness.table import render
from benchmarks.rows.appending import appending
from benchmarks.rows.cached_states import cached_states
from benchmarks.rows.coding import coding
from benchmarks.rows.dispatch import dispatch
from benchmarks.rows.http_reading import http_reading
from benchmarks.rows.lag import lag, lag_load
from benchmarks.rows.paging import paging
from benchmarks.rows.postgres_appending import postgres_appending
from benchmarks.rows.postgres_boundaries import postgres_boundaries, postgres_hot_tag
from benchmarks.rows.postgres_costs import postgres_costs
from benchmarks.rows.postgres_following import postgres_following
from benchmarks.rows.postgres_lag import postgres_lag, postgres_lag_load
from benchmarks.rows.postgres_paging import postgres_json, postgres_paging
from benchmarks.rows.postgres_processes import postgres_processes
from benchmarks.rows.postgres_reading import postgres_holes, postgres_log, postgres_stream_loading
from benchmarks.rows.postgres_rebuilding import postgres_rebuilding
from benchmarks.rows.postgres_workers import postgres_workers
from benchmarks.rows.query_cache import cache_hits, cache_misses, watching
from benchmarks.rows.reading import log_reading, stream_loading
from benchmarks.rows.rebuilding import rebuilding
from benchmarks.workloads.worker import VIEWS

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "performance.md"
PEERS = ("eventsourcing", "eventsource-py", "aiosqlite", "python-cqrs", "sqlalchemy")
POSTGRES_PEERS = ("asyncpg", "psycopg", "uvloop")
OURS = ("msgspec", "dishka")


def comparisons(sizes: Sizes, server: BenchServer) -> list[Comparison]:
    return [
        dispatch(sizes),
        coding(sizes),
        *(appending(sizes, in_flight) for in_flight in sizes.appends),
        log_reading(sizes),
        *(stream_loading(sizes, length) for length in (100, 1_000)),
        *(cached_states(sizes, length) for length in (100, 1_000)),
        rebuilding(sizes),
        lag(sizes),
        lag_load(sizes),
        *(paging(sizes, kind) for kind in ("first", "deep-offset", "deep-keyset")),
        cache_hits(sizes),
        cache_misses(sizes),
        watching(sizes),
        *(postgres_appending(sizes, server, in_flight) for in_flight in sizes.appends),
        *(postgres_costs(sizes, server, in_flight) for in_flight in (1, 64)),
        *(
            postgres_processes(sizes, server, processes, in_flight)
            for in_flight in (1, 16)
            for processes in (1, 2, 4, 8, 16)
        ),
        postgres_following(sizes, server),
        postgres_boundaries(sizes, server),
        postgres_hot_tag(sizes, server),
        postgres_log(sizes, server),
        postgres_holes(sizes, server),
        *(postgres_stream_loading(sizes, server, length) for length in (100, 1_000)),
        postgres_rebuilding(sizes, server),
        *(postgres_workers(sizes, server, view) for view in VIEWS),
        postgres_lag(sizes, server),
        postgres_lag_load(sizes, server),
        postgres_paging(sizes, server),
        *(postgres_json(sizes, server, rows) for rows in (20, 200)),
        *(http_reading(sizes, server, route) for route in ("one", "page")),
    ]


async def measure(
    sizes: Sizes, server: BenchServer, only: list[str], rounds: int, folder: Path | None
) -> dict[str, str]:
    """Run the comparisons and return their tables by name."""
    tables: dict[str, str] = {}
    for comparison in comparisons(sizes, server):
        if only and not any(comparison.name.startswith(name) for name in only):
            continue
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{comparison.name}-") as own:
            samples = await run(comparison, Path(own), rounds=rounds)
        table = render(comparison, figures(comparison, samples), verdicts(comparison, samples))
        tables[comparison.name] = table
        print(f"\n## {comparison.title}\n\n{table}", flush=True)
    return tables


def write(page: str, tables: dict[str, str], machine: list[str], postgres: list[str], options: str) -> str:
    """Put tables, and what they were measured on, into the page."""
    for name, table in tables.items():
        page = replace_section(page, name, f"{table}\n\n`make bench ARGS='{options}--only {name}'`")
    if postgres:
        page = replace_section(page, "postgres-server", "\n".join(f"- {line}" for line in postgres))
    return replace_section(page, "machine", "\n".join(f"- {line}" for line in machine))


def option(sizes: Sizes, *, with_uvloop: bool) -> str:
    return ("" if sizes is NORMAL else f"--{sizes.name} ") + ("--uvloop " if with_uvloop else "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure duolog beside its peers.")
    size = parser.add_mutually_exclusive_group()
    for sizes, what in (
        (QUICK, "a smoke run of about a minute; its figures say nothing"),
        (MIDDLE, "a few minutes, for work on one row"),
        (FULL, "a log of a million events to rebuild from"),
    ):
        size.add_argument(f"--{sizes.name}", dest="sizes", action="store_const", const=sizes, help=what)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="only the rows whose names begin so")
    parser.add_argument("--rounds", type=int, default=0, help=f"rounds that count; {LEAST_ROUNDS} or more")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    parser.add_argument("--folder", type=Path, default=None, help="where databases are made; tells which disk")
    parser.add_argument("--uvloop", action="store_true", help="run duolog and the peers with asyncio on uvloop")
    parser.set_defaults(sizes=NORMAL)
    options = parser.parse_args()
    logging.getLogger("duolog").setLevel(logging.ERROR)  # the warning about SQLite's version says nothing about speed
    rounds = max(options.rounds or options.sizes.rounds, LEAST_ROUNDS)
    machine = [
        *describe_machine(),
        f"{describe_packages(*PEERS)}; {describe_packages(*OURS)}",
        f"{options.sizes.name} sizes, {rounds} rounds, {'uvloop' if options.uvloop else 'the event loop of asyncio'}",
    ]
    print("\n".join(machine))
    postgres: list[str] = []
    loop = uvloop.new_event_loop if options.uvloop else None
    with BenchServer(options.folder) as server, asyncio.Runner(loop_factory=loop) as runner:
        tables = runner.run(measure(options.sizes, server, options.only, rounds, options.folder))
        if server.is_started:
            postgres = [*server.describe(), describe_packages(*POSTGRES_PEERS), *machine]
    if options.write:
        flags = option(options.sizes, with_uvloop=options.uvloop)
        page = write(PAGE.read_text(encoding="utf-8"), tables, machine, postgres, flags)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
