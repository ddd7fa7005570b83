"""Reading the whole log of PostgreSQL, decoded, with and without holes; and loading streams."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.server import BenchServer
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_calls, time_loop
from benchmarks.peers import eventsourcing_accounts, eventsourcing_postgres
from benchmarks.workloads.accounts import Account
from benchmarks.workloads.application import again_and_again, fill, make_codec, open_postgres
from duolog import EventSourcedRepository, UnitOfWork
from duolog.adapters.postgres.event_rows import EVENT_COLUMNS, events_from_rows
from duolog.eventstore.port import EventStore
from duolog.eventstore.whole_log import read_log

PAGE: Final = 1_000
EVENTSOURCING: Final = "eventsourcing"
OURS: Final = "duolog, read and decode"
FETCH: Final = "asyncpg, keyset fetch, nothing decoded"
CHECKED: Final = "duolog, read"
UNCHECKED: Final = "the same statement, nothing checked"
KEYSET: Final = (
    f"SELECT {EVENT_COLUMNS} FROM duolog.events AS e WHERE e.position > $1 AND e.position <= $2 "  # noqa: S608 - made of constants
    "ORDER BY e.position LIMIT $3"
)
_GREATEST: Final = 2**63 - 1
_MAKE_HOLES: Final = "DELETE FROM duolog.events WHERE position % 20 = 0"


def postgres_log(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare reading the whole log in pages of a thousand events."""
    count = sizes.log

    @asynccontextmanager
    async def ours(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_postgres(url) as database:
                await fill(database, count)
                await _tidy(url)
                yield lambda: read_and_decode(database.store, count)

    @asynccontextmanager
    async def fetch(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_postgres(url) as database:
                await fill(database, count)
            await _tidy(url)
            connection = await asyncpg.connect(url)
            keyset = await connection.prepare(KEYSET)
            yield lambda: _fetch_log(keyset, count, with_events=False)
            await connection.close()

    @asynccontextmanager
    async def eventsourcing(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url, eventsourcing_postgres.open_application(url) as app:
            eventsourcing_accounts.fill(app, count)
            await _tidy(url)

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

    return Comparison(
        "postgres-log",
        f"Read a log of {count:,} events from PostgreSQL",
        "event",
        (Case(OURS, ours), Case(FETCH, fetch), Case(EVENTSOURCING, eventsourcing)),
        reference=EVENTSOURCING,
        targets=(
            Target(OURS, EVENTSOURCING, 11, "≥ 11x eventsourcing"),
            Target(OURS, "", 250_000, "≥ 250,000 events a second"),
        ),
    )


def postgres_holes(sizes: Sizes, server: BenchServer) -> Comparison:
    """Compare reading a log in which every twentieth position is missing with a read that asks for no horizon."""

    def case(name: str) -> Case:
        @asynccontextmanager
        async def opening(_: Path) -> AsyncGenerator[Round]:
            with server.new_database() as url:
                async with open_postgres(url) as database:
                    await fill(database, sizes.log)
                    await _tidy(url, _MAKE_HOLES)
                    left = await _count(url)
                    connection = await asyncpg.connect(url)
                    keyset = await connection.prepare(KEYSET)
                    if name == CHECKED:
                        yield lambda: read_pages(database.store, left)
                    else:
                        yield lambda: _fetch_log(keyset, left, with_events=True)
                    await connection.close()

        return Case(name, opening)

    return Comparison(
        "postgres-holes",
        f"Read a log of {sizes.log:,} positions, 5 % of them holes, from PostgreSQL",
        "event",
        (case(CHECKED), case(UNCHECKED)),
        reference=UNCHECKED,
        targets=(Target(CHECKED, UNCHECKED, 0.95, "≥ 0.95x an unchecked read"),),
    )


def postgres_stream_loading(sizes: Sizes, server: BenchServer, length: int) -> Comparison:
    """Compare loading an aggregate of so many events from its stream; nobody keeps snapshots or cached states."""
    streams = 20

    @asynccontextmanager
    async def ours(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url:
            async with open_postgres(url) as database:
                ids = again_and_again(await fill(database, streams, length))
                await _tidy(url)
                codec = make_codec()

                async def load() -> None:
                    unit = UnitOfWork(store=database.store, committer=database.committer, codec=codec)
                    account = await EventSourcedRepository(Account, unit).load(next(ids))
                    assert account.version == length

                yield lambda: time_loop(load, sizes.loads)

    @asynccontextmanager
    async def eventsourcing(_: Path) -> AsyncGenerator[Round]:
        with server.new_database() as url, eventsourcing_postgres.open_application(url) as app:
            ids = again_and_again(eventsourcing_accounts.fill(app, streams, length))
            await _tidy(url)

            def load() -> None:
                account: eventsourcing_accounts.Account = app.repository.get(next(ids))
                assert account.version == length

            async def measure() -> Sample:
                return time_calls(load, sizes.loads)

            yield measure

    ours_name, peer_name = "duolog, repository", "eventsourcing, repository"
    return Comparison(
        f"postgres-stream-{length}",
        f"Load an aggregate of {length:,} events from PostgreSQL",
        "load",
        (Case(ours_name, ours), Case(peer_name, eventsourcing)),
        reference=peer_name,
        per_operation=True,
        targets=(Target(ours_name, peer_name, 5, "≥ 5x eventsourcing"),),
    )


async def read_pages(store: EventStore, count: int) -> Sample:
    """Read the log through the port, page after page, without decoding."""
    begin, position, seen = time.perf_counter(), 0, 0
    while events := (page := await store.read_all(after=position, limit=PAGE)).events:
        position, seen = page.through, seen + len(events)
    assert seen == count
    return Sample(count, time.perf_counter() - begin)


async def read_and_decode(store: EventStore, count: int) -> Sample:
    """Read the log as `duolog schema check` does: decoded, the next page on its way."""
    decode, seen = make_codec().decode_all, 0
    begin = time.perf_counter()
    async with aclosing(read_log(store, until=await store.head(), limit=PAGE)) as pages:
        async for page in pages:
            for event in page.events:
                decode(event)
            seen += len(page.events)
    assert seen == count
    return Sample(count, time.perf_counter() - begin)


async def _fetch_log(keyset: Any, count: int, *, with_events: bool) -> Sample:
    begin, position, seen = time.perf_counter(), 0, 0
    while rows := await keyset.fetch(position, _GREATEST, PAGE):
        if with_events:
            events_from_rows(rows)
        position, seen = rows[-1]["position"], seen + len(rows)
    assert seen == count
    return Sample(count, time.perf_counter() - begin)


async def _tidy(url: str, change: str = "") -> None:
    """Do what autovacuum would do some time, so that it does not do it while somebody measures."""
    connection = await asyncpg.connect(url)
    try:
        if change:
            await connection.execute(change)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def _count(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM duolog.events"))
    finally:
        await connection.close()
