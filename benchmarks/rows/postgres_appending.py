"""Durable appends on PostgreSQL: one event in a new stream, with more or less in flight."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_tasks, time_threads
from benchmarks.peers import eventsource_py_accounts, eventsourcing_postgres
from benchmarks.peers.pgbench import run_pgbench
from benchmarks.peers.plain_postgres import Rows, open_inserts
from benchmarks.workloads.accounts import AccountsView, OpenAccountCommand, opened
from benchmarks.workloads.application import make_application, make_codec, open_postgres
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

FULL_PATH: Final = "duolog, full path"
FULL_PATH_WITH_VIEW: Final = "duolog, full path, a projection follows"
RAW: Final = "duolog, raw store"
EVENTSOURCING: Final = "eventsourcing, `save`"
EVENTSOURCING_FUNCTIONS: Final = "eventsourcing, `save`, database functions"
EVENTSOURCE_PY: Final = "eventsource-py, `save`"
ONE: Final = "asyncpg, prepared INSERT, 1 connection"
MANY: Final = "asyncpg, prepared INSERT, {} connections"
PGBENCH: Final = "pgbench, prepared INSERT"
MOST_CONNECTIONS: Final = 64

Opening = Callable[[Path], Any]


def postgres_appending(sizes: Sizes, server: BenchServer, in_flight: int) -> Comparison:
    """Compare appends with so many in flight; the peer without asyncio gets as many threads, 16 at most."""
    count = sizes.appends[in_flight]
    cases = [
        Case(FULL_PATH, _full_path(server, count, in_flight)),
        Case(FULL_PATH_WITH_VIEW, _full_path(server, count, in_flight, with_view=True)),
        Case(RAW, _raw(server, count, in_flight)),
        Case(EVENTSOURCING, _eventsourcing(server, count, in_flight, {})),
        Case(EVENTSOURCING_FUNCTIONS, _eventsourcing(server, count, in_flight, eventsourcing_postgres.DB_FUNCTIONS)),
        Case(EVENTSOURCE_PY, _eventsource_py(server, count, in_flight)),
        Case(ONE, _asyncpg(server, count, in_flight, 1)),
    ]
    connections = min(in_flight, MOST_CONNECTIONS)
    if connections > 1:
        cases.append(Case(MANY.format(connections), _asyncpg(server, count, in_flight, connections)))
    cases.append(Case(PGBENCH, _pgbench(server, count, connections)))
    return Comparison(
        f"postgres-append-{in_flight}",
        f"Durable append on PostgreSQL, {in_flight} in flight",
        "append",
        cases,
        reference=EVENTSOURCING,
        targets=_TARGETS.get(in_flight, ()),
    )


_TARGETS: Mapping[int, tuple[Target, ...]] = {
    1: (
        Target(RAW, ONE, 1 / 1.15, "raw store: p50 ≤ 1.15x a bare prepared INSERT's, so ≥ 0.87x as fast", 0.5),
        Target(FULL_PATH, EVENTSOURCING, 2.3, "full path: ≥ 2.3x eventsourcing's `save`"),
    ),
    64: (
        Target(FULL_PATH, EVENTSOURCING, 40, "full path: ≥ 40x eventsourcing's `save`"),
        Target(FULL_PATH, EVENTSOURCING_FUNCTIONS, 11, "full path: ≥ 11x its database functions"),
        Target(FULL_PATH, PGBENCH, 2.2, "full path: ≥ 2.2x pgbench"),
        Target(FULL_PATH, "", 100, "full path: p99 ≤ 10 ms", 0.99),
    ),
}


def _full_path(server: BenchServer, count: int, in_flight: int, *, with_view: bool = False) -> Opening:
    """Command, interactor, aggregate, codec, log: the whole default pipeline."""

    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with make_application(url, [AccountsView] if with_view else []) as app:

                async def measure() -> Sample:
                    sample = await time_tasks(lambda: app.execute(OpenAccountCommand()), count, in_flight)
                    await app.caught_up(timeout=120)  # what is left of the view's work is not the next case's time
                    return sample

                yield measure

    return opening


def _raw(server: BenchServer, count: int, in_flight: int) -> Opening:
    """The store's own append, of an event that is encoded."""

    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        codec = make_codec()
        with server.new_database() as url:
            async with open_postgres(url) as database:
                store = database.store

                async def append() -> None:
                    account_id = uuid7()
                    await store.append(f"account-{account_id}", (codec.encode(opened(account_id)),), NoStream())

                yield lambda: time_tasks(append, count, in_flight)

    return opening


def _eventsourcing(server: BenchServer, count: int, in_flight: int, settings: Mapping[str, str]) -> Opening:
    threads = min(in_flight, eventsourcing_postgres.THREADS)

    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url, eventsourcing_postgres.open_application(url, settings) as app:

            async def measure() -> Sample:
                return time_threads(app.open_account, count, threads)

            yield measure

    return opening


def _eventsource_py(server: BenchServer, count: int, in_flight: int) -> Opening:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with eventsource_py_accounts.open_postgres_repository(url) as accounts:
                yield lambda: time_tasks(lambda: eventsource_py_accounts.open_account(accounts), count, in_flight)

    return opening


def _asyncpg(server: BenchServer, count: int, in_flight: int, connections: int) -> Opening:
    @asynccontextmanager
    async def opening(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_inserts(url, make_codec(), connections) as inserts:
                yield lambda: time_tasks(inserts.insert, count, in_flight)

    return opening


def _pgbench(server: BenchServer, count: int, clients: int) -> Opening:
    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_inserts(url, make_codec(), 1):
                pass  # makes the table
            data = Rows(make_codec()).data
            yield lambda: run_pgbench(server.binaries, url, folder, data=data, operations=count, clients=clients)

    return opening
