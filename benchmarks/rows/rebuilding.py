"""Building a view from the whole log."""

import itertools
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.harness.case import Case, Comparison, Round, Sample
from benchmarks.harness.sizes import Sizes
from benchmarks.peers import eventsource_py_accounts, eventsource_py_projection, eventsourcing_accounts
from benchmarks.workloads.accounts import AccountsInSets, AccountsView
from benchmarks.workloads.application import fill, make_application, open_log
from duolog import Application, Projection, ReadDatabase

LIMIT = 3_600.0
PAGE = 1_000


def rebuilding(sizes: Sizes) -> Comparison:
    """Compare building a table of accounts by handlers of one event each, and of many at once."""

    @asynccontextmanager
    async def ours(base: type[Projection], folder: Path) -> AsyncGenerator[Round]:
        path = folder / "log.sqlite"
        async with open_log(path) as database:
            await fill(database, sizes.rebuild)
        versions = itertools.count(1)

        async def measure() -> Sample:
            # A new version of a projection is built anew, by the code that follows the log afterwards.
            view = type(base.__name__, (base,), {"version": next(versions)})
            app = make_application(path, [view])
            begin = time.perf_counter()
            async with app:
                await app.caught_up(timeout=LIMIT)
                seconds = time.perf_counter() - begin
                async with _reading(app) as session:
                    assert await session.fetch_value("SELECT count(*) FROM accounts") == sizes.rebuild
            return Sample(sizes.rebuild, seconds)

        yield measure

    @asynccontextmanager
    async def eventsourcing(folder: Path) -> AsyncGenerator[Round]:
        path = folder / "log.sqlite"
        app = eventsourcing_accounts.open_application(path)
        eventsourcing_accounts.fill(app, sizes.rebuild_peer)
        app.close()
        numbers = itertools.count(1)

        async def measure() -> Sample:
            view = eventsourcing_accounts.open_view(folder / f"view-{next(numbers)}.sqlite")
            app = eventsourcing_accounts.open_application(path)
            begin = time.perf_counter()
            eventsourcing_accounts.project(app, view, PAGE)
            seconds = time.perf_counter() - begin
            assert view.has_tracking_id(app.name, sizes.rebuild_peer)
            view.datastore.close()
            app.close()
            return Sample(sizes.rebuild_peer, seconds)

        yield measure

    @asynccontextmanager
    async def eventsource_py(folder: Path) -> AsyncGenerator[Round]:
        path = folder / "log.sqlite"
        async with eventsource_py_accounts.open_repository(path) as accounts:
            await eventsource_py_accounts.open_accounts(accounts, sizes.rebuild_peer)
        numbers = itertools.count(1)

        async def measure() -> Sample:
            view_path = folder / f"view-{next(numbers)}.sqlite"
            async with eventsource_py_projection.open_view(path, view_path) as view:
                begin = time.perf_counter()
                await view.build()
                seconds = time.perf_counter() - begin
                assert await view.count() == sizes.rebuild_peer
            return Sample(sizes.rebuild_peer, seconds)

        yield measure

    peer = "eventsourcing, a projection"
    return Comparison(
        "rebuild",
        f"Build a view from {sizes.rebuild:,} events (the peers: from {sizes.rebuild_peer:,})",
        "event",
        (
            Case("duolog, one event a handler", partial(ours, AccountsView)),
            Case("duolog, set-based", partial(ours, AccountsInSets)),
            Case(peer, eventsourcing),
            Case("eventsource-py, `SubscriptionManager`", eventsource_py),
        ),
        reference=peer,
    )


@asynccontextmanager
async def _reading(app: Application) -> AsyncGenerator[ReadDatabase]:
    session = app.database.open_reader()
    try:
        yield session
    finally:
        await session.close()
