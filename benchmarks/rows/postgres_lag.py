"""How long it takes on PostgreSQL from an append to the row in a view, on an idle system and on a busy one."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.peers import eventsourcing_postgres
from benchmarks.workloads.accounts import opened
from benchmarks.workloads.appenders import open_appenders
from benchmarks.workloads.application import make_codec, open_postgres
from benchmarks.workloads.child import open_children
from benchmarks.workloads.probes import Append, Look, time_alone, time_among
from duolog.adapters.postgres.database import PostgresDatabase
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

OURS: Final = "duolog, one event a handler"
SETS: Final = "duolog, set-based"
PEER: Final = "eventsourcing, `ProjectionRunner`"
PER_SECOND: Final = 5_000
WRITERS: Final = 2
_VIEWS: Final = {OURS: "plain", SETS: "sets"}
_TARGETS: Final = ((0.5, 0.005, "p50 ≤ 5 ms"), (0.99, 0.025, "p99 ≤ 25 ms"))


def postgres_lag(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare the time until a view shows a lone event. Who follows the log is a process of its own."""

    @asynccontextmanager
    async def ours(name: str, _: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with (
                open_postgres(url) as database,
                open_children("benchmarks.workloads.worker", url, _VIEWS[name], "1"),
                _looking(url, "accounts", as_text=True) as look,
            ):
                yield lambda: time_alone(_appending(database), look, sizes.lags)

    @asynccontextmanager
    async def eventsourcing(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url, eventsourcing_postgres.open_application(url) as app:
            async with (
                open_children("benchmarks.peers.eventsourcing_runner", url),
                _looking(url, "accounts_view", as_text=False) as look,
            ):
                yield lambda: time_alone(partial(asyncio.to_thread, app.open_account), look, sizes.lags)

    return Comparison(
        "postgres-lag",
        "From an append to the row in a view on PostgreSQL, while nothing else happens",
        "event",
        (Case(OURS, partial(ours, OURS)), Case(SETS, partial(ours, SETS)), Case(PEER, eventsourcing)),
        reference=PEER,
        targets=[Target(OURS, "", 1 / least, text, share) for share, least, text in _TARGETS],
        per_operation=True,
    )


def postgres_lag_load(sizes: Sizes, server: BenchServer) -> Comparison:
    """Time the way of some events into the view while others come at a steady rate, appended by other processes."""

    @asynccontextmanager
    async def opening(name: str, _: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with (
                open_postgres(url) as database,
                open_children("benchmarks.workloads.worker", url, _VIEWS[name], "1"),
                open_appenders(url, WRITERS, 1) as appenders,
                _looking(url, "accounts", as_text=True) as look,
            ):

                async def measure() -> Sample:
                    others = appenders.append(sizes.load, per_second=PER_SECOND)
                    return await time_among(_appending(database), look, others, sizes.load / PER_SECOND)

                yield measure

    return Comparison(
        "postgres-lag-load",
        f"From an append to the row in a view on PostgreSQL, at {PER_SECOND:,} events a second",
        "event",
        [Case(name, partial(opening, name)) for name in _VIEWS],
        reference=OURS,
        targets=(
            Target(OURS, "", 0.98 * PER_SECOND, f"{PER_SECOND:,} events a second are appended, but for 2 %"),
            Target(OURS, "", 10, "p99 ≤ 100 ms", 0.99),
        ),
    )


def _appending(database: PostgresDatabase) -> Append:
    codec = make_codec()

    async def append() -> UUID:
        account_id = uuid7()
        await database.store.append(f"account-{account_id}", (codec.encode(opened(account_id)),), NoStream())
        return account_id

    return append


@asynccontextmanager
async def _looking(url: str, table: str, *, as_text: bool) -> AsyncGenerator[Look]:
    """Look into a view as any client may: the same for duolog and the peer, but for the type of the key."""
    async with asyncpg.create_pool(url, min_size=1, max_size=8) as pool:

        async def look(account_id: UUID) -> bool:
            key = str(account_id) if as_text else account_id
            return await pool.fetchval(f"SELECT 1 FROM {table} WHERE id = $1", key) is not None  # noqa: S608 - our own

        yield look
