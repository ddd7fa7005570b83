"""Loading an aggregate by replay, from a snapshot of its latest version, and from what the process has at hand."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness.case import Case, Comparison, Round, Sample
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_calls, time_loop
from benchmarks.peers import eventsourcing_accounts
from benchmarks.workloads.application import again_and_again, fill, make_codec, open_log
from benchmarks.workloads.cached_accounts import CachedAccount
from benchmarks.workloads.payload import NAME
from duolog import EventSourcedRepository, Settings, UnitOfWork
from duolog.adapters.sqlite.database import SqliteDatabase
from duolog.write.entity_states import EntityStates

STREAMS = 20
REPLAY = "duolog, replay"
SHORT = 20  # so many times as many loads a round where none replays: they are too short for fewer


def cached_states(sizes: Sizes, length: int) -> Comparison:
    """Compare ways to load an aggregate of so many events; each of them reads what came since, which is nothing."""

    def ours(*, snapshots: bool = False, hot_entries: int = 0) -> Any:
        @asynccontextmanager
        async def opening(folder: Path) -> AsyncGenerator[Round]:
            async with open_log(folder / "log.sqlite") as database:
                ids = await fill(database, STREAMS, length - 1, CachedAccount.category)
                saving = EntityStates(database.snapshots)
                for account_id in ids:
                    await _rename(database, saving, account_id)
                codec = make_codec()
                states = EntityStates(database.snapshots if snapshots else None, hot_entries=hot_entries)
                turns = again_and_again(ids)

                async def load() -> CachedAccount:
                    unit = UnitOfWork(
                        store=database.store, committer=database.committer, codec=codec, entity_states=states
                    )
                    account = await EventSourcedRepository(CachedAccount, unit).load(next(turns))
                    assert account.version == length
                    return account

                loaded = [await load() for _ in ids]
                assert all(account.snapshot_version == (length if snapshots else 0) for account in loaded)
                assert len(states.hot) == (STREAMS if hot_entries else 0)
                count = sizes.loads * (SHORT if snapshots or hot_entries else 1)
                yield lambda: time_loop(load, count)

        return opening

    def eventsourcing(settings: Mapping[str, str] | None = None) -> Any:
        @asynccontextmanager
        async def opening(folder: Path) -> AsyncGenerator[Round]:
            app = eventsourcing_accounts.open_application(folder / "log.sqlite", settings)
            ids = eventsourcing_accounts.fill(app, STREAMS, length)
            if app.snapshots is not None:
                for account_id in ids:
                    app.take_snapshot(account_id)
            turns = again_and_again(ids)

            def load() -> None:
                account: eventsourcing_accounts.Account = app.repository.get(next(turns))
                assert account.version == length

            for _ in ids:
                load()
            count = sizes.loads * (SHORT if settings else 1)

            async def measure() -> Sample:
                return time_calls(load, count)

            yield measure
            app.close()

        return opening

    cases = (
        Case(REPLAY, ours()),
        Case("duolog, snapshot", ours(snapshots=True)),
        Case("duolog, state at hand", ours(hot_entries=Settings().hot_entities)),
        Case("eventsourcing, replay", eventsourcing()),
        Case("eventsourcing, snapshot", eventsourcing(eventsourcing_accounts.SNAPSHOTS)),
        Case("eventsourcing, cache", eventsourcing(eventsourcing_accounts.CACHE)),
    )
    return Comparison(
        f"cached-{length}",
        f"Load an aggregate of {length:,} events from a cached state",
        "load",
        cases,
        reference=REPLAY,
        per_operation=True,
    )


async def _rename(database: SqliteDatabase, states: EntityStates, account_id: object) -> None:
    """Save once as an interactor does: that takes the snapshot, in the transaction of the last event."""
    unit = UnitOfWork(
        store=database.store,
        committer=database.committer,
        codec=make_codec(),
        commits_at_once=True,
        entity_states=states,
    )
    accounts = EventSourcedRepository(CachedAccount, unit)
    account = await accounts.load(account_id)
    account.rename(NAME)
    await accounts.save(account)
    await unit.commit()
