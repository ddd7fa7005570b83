"""Building a view from the whole log on PostgreSQL."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.peers import (
    eventsource_py_accounts,
    eventsource_py_projection,
    eventsourcing_accounts,
    eventsourcing_postgres,
)
from benchmarks.workloads.accounts import AccountsInSets, AccountsView
from benchmarks.workloads.application import fill, make_application, open_postgres
from duolog import Projection

LIMIT: Final = 3_600.0
OURS: Final = "duolog, one event a handler"
SETS: Final = "duolog, set-based"
PEER: Final = "eventsourcing, `ProjectionRunner`"


def postgres_rebuilding(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare building a table of accounts by handlers of one event each, and of many at once."""

    @asynccontextmanager
    async def ours(base: type[Projection], _: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_postgres(url) as database:
                await fill(database, sizes.rebuild)
            versions = itertools.count(1)

            async def measure() -> Sample:
                # A new version of a projection is built anew, by the code that follows the log afterwards.
                view = type(base.__name__, (base,), {"version": next(versions)})
                app = make_application(url, [view])
                begin = time.perf_counter()
                async with app:
                    await app.caught_up(timeout=LIMIT)
                    seconds = time.perf_counter() - begin
                    session = app.database.open_reader()
                    try:
                        assert await session.fetch_value("SELECT count(*) FROM accounts") == sizes.rebuild
                    finally:
                        await session.close()
                return Sample(sizes.rebuild, seconds)

            yield measure

    @asynccontextmanager
    async def eventsourcing(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            with eventsourcing_postgres.open_application(url) as app:
                eventsourcing_accounts.fill(app, sizes.rebuild_peer)
            numbers = itertools.count(1)

            async def measure() -> Sample:
                begin = time.perf_counter()
                await asyncio.to_thread(eventsourcing_postgres.project, url, next(numbers), sizes.rebuild_peer, LIMIT)
                return Sample(sizes.rebuild_peer, time.perf_counter() - begin)

            yield measure

    @asynccontextmanager
    async def eventsource_py(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with eventsource_py_accounts.open_postgres_repository(url) as accounts:
                await eventsource_py_accounts.open_accounts(accounts, sizes.rebuild_peer)

            async def measure() -> Sample:
                async with eventsource_py_projection.open_postgres_view(url) as view:
                    begin = time.perf_counter()
                    await view.build()
                    seconds = time.perf_counter() - begin
                    assert await view.count() == sizes.rebuild_peer
                return Sample(sizes.rebuild_peer, seconds)

            yield measure

    return Comparison(
        "postgres-rebuild",
        f"Build a view from {sizes.rebuild:,} events on PostgreSQL (the peers: from {sizes.rebuild_peer:,})",
        "event",
        (
            Case(OURS, partial(ours, AccountsView)),
            Case(SETS, partial(ours, AccountsInSets)),
            Case(PEER, eventsourcing),
            Case("eventsource-py, `SubscriptionManager`", eventsource_py),
        ),
        reference=PEER,
        targets=(
            Target(OURS, PEER, 45, "≥ 45x eventsourcing's `ProjectionRunner`"),
            Target(SETS, PEER, 110, "≥ 110x eventsourcing's `ProjectionRunner`"),
        ),
    )
