"""Reading the whole log, decoded, and loading streams."""

import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_calls, time_loop
from benchmarks.peers import eventsourcing_accounts
from benchmarks.workloads.accounts import Account
from benchmarks.workloads.application import again_and_again, fill, make_codec, open_log
from duolog import EventSourcedRepository, UnitOfWork
from duolog.adapters.sqlite.event_rows import EVENT_COLUMNS

PAGE = 1_000
EVENTSOURCING = "eventsourcing"
OURS = "duolog, read and decode"
FETCH = "sqlite3, keyset fetch, nothing decoded"
KEYSET = f"SELECT {EVENT_COLUMNS} FROM duolog_events AS e WHERE e.position > ? ORDER BY e.position LIMIT ?"  # noqa: S608 - made of constants


def log_reading(sizes: Sizes) -> Comparison:
    """Compare reading the whole log in pages of a thousand events."""
    count = sizes.log

    @asynccontextmanager
    async def ours(folder: Path) -> AsyncGenerator[Round]:
        async with open_log(folder / "log.sqlite") as database:
            await fill(database, count)
            store, decode = database.store, make_codec().decode_all

            async def measure() -> Sample:
                begin, position, seen = time.perf_counter(), 0, 0
                while events := (page := await store.read_all(after=position, limit=PAGE)).events:
                    for event in events:
                        decode(event)
                    position, seen = page.through, seen + len(events)
                assert seen == count
                return Sample(count, time.perf_counter() - begin)

            yield measure

    @asynccontextmanager
    async def fetch(folder: Path) -> AsyncGenerator[Round]:
        path = folder / "log.sqlite"
        async with open_log(path) as database:
            await fill(database, count)
        connection = sqlite3.connect(path)

        async def measure() -> Sample:
            begin, position, seen = time.perf_counter(), 0, 0
            while rows := connection.execute(KEYSET, (position, PAGE)).fetchall():
                position, seen = rows[-1][0], seen + len(rows)
            assert seen == count
            return Sample(count, time.perf_counter() - begin)

        yield measure
        connection.close()

    @asynccontextmanager
    async def eventsourcing(folder: Path) -> AsyncGenerator[Round]:
        app = eventsourcing_accounts.open_application(folder / "log.sqlite")
        eventsourcing_accounts.fill(app, count)

        async def measure() -> Sample:
            # As its subscriptions do: select notifications, map them to domain events.
            recorder, decode = app.recorder, app.mapper.to_domain_event
            begin, start, seen = time.perf_counter(), 1, 0
            while notifications := recorder.select_notifications(start, PAGE):
                for notification in notifications:
                    decode(notification)
                start, seen = notifications[-1].id + 1, seen + len(notifications)
            assert seen == count
            return Sample(count, time.perf_counter() - begin)

        yield measure
        app.close()

    return Comparison(
        "log",
        f"Read a log of {count:,} events",
        "event",
        (Case(OURS, ours), Case(FETCH, fetch), Case(EVENTSOURCING, eventsourcing)),
        reference=EVENTSOURCING,
        targets=(
            Target(OURS, EVENTSOURCING, 11, "≥ 11x eventsourcing"),
            Target(OURS, "", 250_000, "≥ 250,000 events a second"),
        ),
    )


def stream_loading(sizes: Sizes, length: int) -> Comparison:
    """Compare loading an aggregate of so many events from its stream; nobody keeps snapshots or cached states."""
    streams = 20

    @asynccontextmanager
    async def ours(folder: Path) -> AsyncGenerator[Round]:
        async with open_log(folder / "log.sqlite") as database:
            ids = again_and_again(await fill(database, streams, length))
            codec = make_codec()

            async def load() -> None:
                unit = UnitOfWork(store=database.store, committer=database.committer, codec=codec)
                account = await EventSourcedRepository(Account, unit).load(next(ids))
                assert account.version == length

            yield lambda: time_loop(load, sizes.loads)

    @asynccontextmanager
    async def eventsourcing(folder: Path) -> AsyncGenerator[Round]:
        app = eventsourcing_accounts.open_application(folder / "log.sqlite")
        ids = again_and_again(eventsourcing_accounts.fill(app, streams, length))

        def load() -> None:
            account: eventsourcing_accounts.Account = app.repository.get(next(ids))
            assert account.version == length

        async def measure() -> Sample:
            return time_calls(load, sizes.loads)

        yield measure
        app.close()

    ours_name, peer_name = "duolog, repository", "eventsourcing, repository"
    return Comparison(
        f"stream-{length}",
        f"Load an aggregate of {length:,} events",
        "load",
        (Case(ours_name, ours), Case(peer_name, eventsourcing)),
        reference=peer_name,
        per_operation=True,
        targets=(Target(ours_name, peer_name, 5, "≥ 5x eventsourcing"),),
    )
