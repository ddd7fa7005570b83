"""E12: whatever is cancelled, wherever it waits, leaves no transaction and no connection behind."""

import asyncio
import itertools
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

from duolog import Application
from duolog.adapters.sqlite.database import MOST_LOG_READERS, MOST_SESSIONS
from duolog.database.port import View
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.ledger import COUNT, CountEntriesQuery, EnterCommand, EntriesProjection, StreamEntriesQuery, ledger
from tests.faults.steps import CancelledAt

AT_ONCE = 1.0
PATIENCE = 5.0

Work = Callable[[Application, str], Coroutine[Any, Any, object]]


async def enter(app: Application, name: str) -> None:
    await app.execute(EnterCommand(name))


async def enter_holding(app: Application, name: str) -> None:
    await app.execute(EnterCommand(name, holds=True))


async def ask(app: Application, name: str) -> None:
    del name
    await app.query(CountEntriesQuery())


async def stream(app: Application, name: str) -> None:
    del name
    async with aclosing(app.stream(StreamEntriesQuery())) as entries:
        async for _ in entries:
            pass


async def batch(app: Application, name: str) -> None:
    """What the runner does with a page, up to its commit."""
    session = app.database.open_view(View(EntriesProjection.name, 1, EntriesProjection.tables))
    try:
        await session.fetch_value("SELECT count(*) FROM entries_view")
        await session.execute("INSERT INTO entries_view (entry) VALUES (:entry)", {"entry": name})
        await session.fetch_value("SELECT count(*) FROM entries_view")
    finally:
        await session.close()


WORK: dict[str, Work] = {
    "command": enter,
    "command that holds the writer": enter_holding,
    "query": ask,
    "stream": stream,
    "projection's batch": batch,
}


def entries(path: Path) -> tuple[list[str], list[str]]:
    """Write to the file from outside, at once, and return the entries by rows and by events."""
    with closing(sqlite3.connect(path, timeout=AT_ONCE, isolation_level=None)) as outsider:
        outsider.execute("BEGIN IMMEDIATE")
        rows = [entry for (entry,) in outsider.execute("SELECT entry FROM entries ORDER BY entry")]
        events = [json.loads(data)["entry"] for (data,) in outsider.execute("SELECT data FROM duolog_events")]
        outsider.execute("ROLLBACK")
    return rows, sorted(events)


async def nothing_leaked(app: Application, path: Path, experiment: Experiment, where: str) -> None:
    """Check that everybody can write at once, that every connection can be had, and that the next command works."""
    began = time.monotonic()
    name = f"after {where}"
    sessions = [app.database.open_reader() for _ in range(MOST_SESSIONS)]
    try:
        rows, events = await asyncio.to_thread(entries, path)
        experiment.expect(rows == events, f"{where}: rows and events differ by {set(rows) ^ set(events)}")
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(session.fetch_value(COUNT) for session in sessions))
            await asyncio.gather(*(app.database.store.head() for _ in range(MOST_LOG_READERS)))
    except (sqlite3.OperationalError, TimeoutError) as error:
        experiment.violations.append(f"{where}: a connection or a transaction leaked: {error!r}")
        pytest.fail("\n".join(experiment.violations))
    finally:
        for session in sessions:
            await session.close()
    experiment.invoke(name)
    await app.execute(EnterCommand(name))
    experiment.answer(name, Answer.OK)
    experiment.recoveries.append(time.monotonic() - began)


async def cancelled(app: Application, work: Work, name: str, number: int, *, late: bool) -> tuple[Answer, bool]:
    """Run work that is cancelled at its nth wait; return what its caller learnt, and whether it waited so often."""
    steps = CancelledAt(work(app, name), number, late=late)

    async def stepwise() -> None:
        await steps

    task = asyncio.create_task(stepwise())
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait({task})
    if task.cancelled():
        return Answer.UNKNOWN, steps.struck
    task.result()
    return Answer.OK, steps.struck


async def test_cancelling_at_any_wait_leaks_nothing(path: Path) -> None:
    experiment = Experiment("E12 cancellation at every await point")
    app = ledger(path)
    await app.start(projections=False)
    await app.execute(EnterCommand("first"))
    experiment.invoke("first")
    experiment.answer("first", Answer.OK)
    for _, (kind, work), late in itertools.product(range(size(short=1, long=20)), WORK.items(), (False, True)):
        for number in itertools.count(1):
            name = f"{kind} {len(experiment.operations)}"
            experiment.invoke(name)
            answer, struck = await cancelled(app, work, name, number, late=late)
            experiment.answer(name, answer)
            if struck:
                experiment.fault(f"cancelled {kind}", at=experiment.operations[name].invoked)
            await nothing_leaked(app, path, experiment, name)
            if not struck:
                break
    await app.close()
    stored, _ = entries(path)
    writing = {name for name in experiment.operations if not name.startswith(("query", "stream", "projection"))}
    experiment.compare(stored, among=writing)
    experiment.conclude()


async def test_cancelling_the_close_at_any_wait_leaves_nothing_running(path: Path) -> None:
    experiment = Experiment("E12 cancellation of closing, with its projections, at every await point")
    for turn, late in itertools.product(range(size(short=1, long=20)), (False, True)):
        for number in itertools.count(1):
            app = ledger(path)
            await app.start()
            names = [f"{turn} {late} {number} {count}" for count in range(3)]
            for name in names:
                experiment.invoke(name)
                await app.execute(EnterCommand(name))
                experiment.answer(name, Answer.OK)
            _, struck = await cancelled(app, lambda app, _: app.close(), "", number, late=late)
            closed = time.monotonic()
            await app.close()
            running = [thread.name for thread in threading.enumerate() if thread.name.startswith("duolog")]
            experiment.expect(not running, f"{number}: threads run on: {running}")
            entries(path)
            experiment.recoveries.append(time.monotonic() - closed)
            if not struck:
                break
            experiment.fault("cancelled close", overlaps=True)
    async with ledger(path) as app:
        await app.caught_up()
    with closing(sqlite3.connect(path)) as connection:
        view = [entry for (entry,) in connection.execute("SELECT entry FROM entries_view")]
    experiment.compare(view)
    experiment.conclude()
