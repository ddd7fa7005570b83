"""How long it takes on SQLite from an append to the row in a view, on an idle system and on a busy one."""

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from benchmarks.harness.case import Case, Comparison, Round, Sample
from benchmarks.harness.sizes import Sizes
from benchmarks.harness.stopwatch import time_at_rate
from benchmarks.workloads.accounts import AccountsInSets, AccountsView, opened
from benchmarks.workloads.application import make_application, make_codec
from benchmarks.workloads.probes import Append, Look, time_alone, time_among
from duolog import Projection
from duolog.eventstore.expectations import NoStream
from duolog.ids import uuid7

PER_SECOND: Final = 1_000
_VIEWS: Final = {"duolog, one event a handler": AccountsView, "duolog, set-based": AccountsInSets}


def lag(sizes: Sizes) -> Comparison:
    """Time the way of lone events into the view of the application that appends them, all in this process."""

    async def idle(append: Append, look: Look) -> Sample:
        return await time_alone(append, look, sizes.lags)

    title = "From an append to the row in a view on SQLite, while nothing else happens"
    return _comparison("lag", title, idle, per_operation=True)


def lag_load(sizes: Sizes) -> Comparison:
    """The same while this process appends others at a steady rate."""
    seconds = max(sizes.load // 5 / PER_SECOND, 0.5)

    async def busy(append: Append, look: Look) -> Sample:
        others = time_at_rate(append, int(seconds * PER_SECOND), PER_SECOND)
        return await time_among(append, look, others, seconds)

    title = f"From an append to the row in a view on SQLite, at {PER_SECOND:,} events a second"
    return _comparison("lag-load", title, busy)


def _comparison(
    name: str, title: str, work: Callable[[Append, Look], Awaitable[Sample]], *, per_operation: bool = False
) -> Comparison:
    @asynccontextmanager
    async def opening(view: type[Projection], folder: Path) -> AsyncGenerator[Round]:
        path, codec = folder / "log.sqlite", make_codec()
        async with make_application(path, [view]) as app:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:

                async def append() -> UUID:
                    account_id = uuid7()
                    event = codec.encode(opened(account_id))
                    await app.database.store.append(f"account-{account_id}", (event,), NoStream())
                    return account_id

                async def look(account_id: UUID) -> bool:
                    found = connection.execute("SELECT 1 FROM accounts WHERE id = ?", (str(account_id),))
                    return found.fetchone() is not None

                yield lambda: work(append, look)

    cases = [Case(case, partial(opening, view)) for case, view in _VIEWS.items()]
    return Comparison(name, title, "event", cases, reference=cases[0].name, per_operation=per_operation)
