"""What an append costs on PostgreSQL: CPU of client and server, and fsyncs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks.harness.case import Case, Comparison, Round, Sample
from benchmarks.harness.server import BenchServer, costs
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_tasks, time_threads
from benchmarks.peers import eventsource_py_accounts, eventsourcing_postgres
from benchmarks.peers.plain_postgres import open_inserts
from benchmarks.rows.postgres_appending import (
    EVENTSOURCE_PY,
    EVENTSOURCING,
    EVENTSOURCING_FUNCTIONS,
    FULL_PATH,
    MOST_CONNECTIONS,
    RAW,
)
from benchmarks.workloads.accounts import OpenAccountCommand, opened
from benchmarks.workloads.application import make_application, make_codec, open_postgres
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

INSERT: Final = "asyncpg, prepared INSERT"
_LOOK_EVERY_SECONDS: Final = 0.05

Run = Callable[[int], Awaitable[Sample]]
Opening = Callable[[str, int], AbstractAsyncContextManager[Run]]


def postgres_costs(sizes: Sizes, server: BenchServer, in_flight: int) -> Comparison:
    """Compare what the same appends cost; each round connects anew."""
    count = sizes.appends[in_flight]
    ways: Mapping[str, Opening] = {
        FULL_PATH: _full_path,
        RAW: _raw,
        EVENTSOURCING: _eventsourcing,
        EVENTSOURCING_FUNCTIONS: _eventsourcing_functions,
        EVENTSOURCE_PY: _eventsource_py,
        INSERT: _insert,
    }

    def case(name: str) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            with server.new_database() as url:
                database = url.rpartition("/")[2]

                async def measure() -> Sample:
                    async with ways[name](url, in_flight):
                        pass  # makes the tables, the first time
                    await _sessions_ended(server, database)
                    fsyncs = server.fsyncs()
                    async with ways[name](url, in_flight) as run:
                        await run(in_flight)  # connects and prepares
                        on_client, on_server = time.process_time(), server.cpu_seconds()
                        sample = await run(count)
                        on_client, on_server = time.process_time() - on_client, server.cpu_seconds() - on_server
                    await _sessions_ended(server, database)
                    fsyncs = (server.fsyncs() - fsyncs) * count // (count + in_flight)
                    return replace(sample, costs=costs(count, on_client, on_server, fsyncs))

                yield measure

        return Case(name, opening)

    return Comparison(
        f"postgres-costs-{in_flight}",
        f"What an append costs on PostgreSQL, {in_flight} in flight",
        "append",
        [case(name) for name in ways],
        reference=EVENTSOURCING,
    )


async def _sessions_ended(server: BenchServer, database: str) -> None:
    async with asyncio.timeout(30):
        while server.sessions(database):  # noqa: ASYNC110 - another process, the server, says it
            await asyncio.sleep(_LOOK_EVERY_SECONDS)


@asynccontextmanager
async def _full_path(url: str, in_flight: int) -> AsyncGenerator[Run]:
    async with make_application(url) as app:
        yield lambda count: time_tasks(lambda: app.execute(OpenAccountCommand()), count, in_flight)


@asynccontextmanager
async def _raw(url: str, in_flight: int) -> AsyncGenerator[Run]:
    codec = make_codec()
    async with open_postgres(url) as database:
        store = database.store

        async def append() -> None:
            account_id = uuid7()
            await store.append(f"account-{account_id}", (codec.encode(opened(account_id)),), NoStream())

        yield lambda count: time_tasks(append, count, in_flight)


@asynccontextmanager
async def _eventsourcing(url: str, in_flight: int, settings: Mapping[str, str] | None = None) -> AsyncGenerator[Run]:
    with eventsourcing_postgres.open_application(url, settings) as app:

        async def run(count: int) -> Sample:
            return time_threads(app.open_account, count, min(in_flight, eventsourcing_postgres.THREADS))

        yield run


def _eventsourcing_functions(url: str, in_flight: int) -> AbstractAsyncContextManager[Run]:
    return _eventsourcing(url, in_flight, eventsourcing_postgres.DB_FUNCTIONS)


@asynccontextmanager
async def _eventsource_py(url: str, in_flight: int) -> AsyncGenerator[Run]:
    async with eventsource_py_accounts.open_postgres_repository(url) as accounts:
        yield lambda count: time_tasks(lambda: eventsource_py_accounts.open_account(accounts), count, in_flight)


@asynccontextmanager
async def _insert(url: str, in_flight: int) -> AsyncGenerator[Run]:
    async with open_inserts(url, make_codec(), min(in_flight, MOST_CONNECTIONS)) as inserts:
        yield lambda count: time_tasks(inserts.insert, count, in_flight)
