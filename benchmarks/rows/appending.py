"""Durable appends on SQLite (``synchronous = FULL``): one event in a new stream, with more or less in flight."""

import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from benchmarks.harness.case import Case, Comparison, Round, Sample, Target
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_tasks, time_threads
from benchmarks.peers import eventsource_py_accounts, eventsourcing_accounts
from benchmarks.peers.plain_sqlite import INSERT, SETTINGS, TABLE, Rows
from benchmarks.workloads.accounts import AccountsView, OpenAccountCommand, opened
from benchmarks.workloads.application import make_application, make_codec, open_log
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

FULL_PATH = "duolog, full path"
FULL_PATH_WITH_VIEW = "duolog, full path, a projection follows"
RAW = "duolog, raw store"
EVENTSOURCING = "eventsourcing, `save`"
EVENTSOURCE_PY = "eventsource-py, `save`"
AIOSQLITE = "aiosqlite, INSERT"
DIRECT = "sqlite3, INSERT"


def appending(sizes: Sizes, in_flight: int) -> Comparison:
    """Compare appends with so many in flight; the peer without asyncio gets as many threads."""
    count = sizes.appends[in_flight]
    cases = [
        Case(FULL_PATH, _full_path(count, in_flight)),
        Case(FULL_PATH_WITH_VIEW, _full_path(count, in_flight, with_view=True)),
        Case(RAW, _raw(count, in_flight)),
        Case(EVENTSOURCING, _eventsourcing(count, in_flight)),
        Case(EVENTSOURCE_PY, _eventsource_py(count, in_flight)),
        Case(AIOSQLITE, _aiosqlite(count, in_flight)),
    ]
    if in_flight == 1:
        cases.append(Case(DIRECT, _direct(count)))
    return Comparison(
        f"appending-{in_flight}",
        f"Durable append on SQLite, {in_flight} in flight",
        "append",
        cases,
        reference=EVENTSOURCING,
        targets=_TARGETS.get(in_flight, ()),
    )


_TARGETS = {
    1: (Target(RAW, DIRECT, 0.75, "raw store: ≥ 0.75x direct sqlite3"),),
    64: (
        Target(FULL_PATH, EVENTSOURCING, 14, "full path: ≥ 14x eventsourcing's `save`"),
        Target(FULL_PATH, AIOSQLITE, 7, "full path: ≥ 7x aiosqlite's INSERT"),
    ),
}

Opening = Callable[[Path], Any]


def _full_path(count: int, in_flight: int, *, with_view: bool = False) -> Opening:
    """Command, interactor, aggregate, codec, log: the whole default pipeline."""

    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        async with make_application(folder / "log.sqlite", [AccountsView] if with_view else []) as app:

            async def measure() -> Sample:
                sample = await time_tasks(lambda: app.execute(OpenAccountCommand()), count, in_flight)
                await app.caught_up(timeout=120)  # what is left of the view's work is not the next case's time
                return sample

            yield measure

    return opening


def _raw(count: int, in_flight: int) -> Opening:
    """The store's own append, of an event that is encoded."""

    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        codec = make_codec()
        async with open_log(folder / "log.sqlite") as database:
            store = database.store

            async def append() -> None:
                account_id = uuid7()
                await store.append(f"account-{account_id}", (codec.encode(opened(account_id)),), NoStream())

            yield lambda: time_tasks(append, count, in_flight)

    return opening


def _eventsourcing(count: int, in_flight: int) -> Opening:
    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        app = eventsourcing_accounts.open_application(folder / "log.sqlite")

        async def measure() -> Sample:
            return time_threads(app.open_account, count, in_flight)

        yield measure
        app.close()

    return opening


def _eventsource_py(count: int, in_flight: int) -> Opening:
    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        async with eventsource_py_accounts.open_repository(folder / "log.sqlite") as accounts:
            yield lambda: time_tasks(lambda: eventsource_py_accounts.open_account(accounts), count, in_flight)

    return opening


def _aiosqlite(count: int, in_flight: int) -> Opening:
    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        rows = Rows(make_codec())
        async with aiosqlite.connect(folder / "log.sqlite", isolation_level=None) as connection:
            for statement in (*SETTINGS, TABLE):
                await connection.execute(statement)
            yield lambda: time_tasks(lambda: connection.execute_insert(INSERT, rows.next()), count, in_flight)

    return opening


def _direct(count: int) -> Opening:
    @asynccontextmanager
    async def opening(folder: Path) -> AsyncGenerator[Round]:
        rows = Rows(make_codec())
        connection = sqlite3.connect(folder / "log.sqlite", isolation_level=None, check_same_thread=False)
        for statement in (*SETTINGS, TABLE):
            connection.execute(statement)

        async def measure() -> Sample:
            return time_threads(lambda: connection.execute(INSERT, rows.next()), count, 1)

        yield measure
        connection.close()

    return opening
