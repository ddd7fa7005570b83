"""E12: whatever is cancelled, wherever it waits, leaves no transaction and no connection behind."""

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any
from urllib.parse import urlsplit

import pytest

from duolog import Application
from duolog.database.port import View
from tests.faults.experiment import Answer, Experiment, size
from tests.faults.ledger import COUNT, CountEntriesQuery, EnterCommand, EntriesProjection, StreamEntriesQuery, ledger
from tests.faults.outsiders import LeakError, Outsider, outsider_of
from tests.faults.steps import CancelledAt

PATIENCE = 30.0

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


async def entries(outsider: Outsider) -> tuple[list[str], list[str]]:
    """Return the entries by rows and by events, when nobody else is in a transaction."""
    rows, events = await outsider.read("SELECT entry FROM entries", "SELECT data FROM {events}")
    return sorted(rows), sorted(json.loads(data)["entry"] for data in events)


async def nothing_leaked(app: Application, outsider: Outsider, experiment: Experiment, where: str) -> None:
    """Check that everybody can write at once, that every connection can be had, and that the next command works."""
    began = time.monotonic()
    name = f"after {where}"
    sessions = [app.database.open_reader() for _ in range(outsider.sessions)]
    try:
        rows, events = await entries(outsider)
        experiment.expect(rows == events, f"{where}: rows and events differ by {set(rows) ^ set(events)}")
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(session.fetch_value(COUNT) for session in sessions))
            await asyncio.gather(*(app.database.store.head() for _ in range(outsider.log_readers)))
    except (LeakError, TimeoutError) as error:
        experiment.violations.append(f"{where}: a connection or a transaction leaked: {error!r}")
        pytest.fail("\n".join(experiment.violations))
    finally:
        for session in sessions:
            await session.close()
    experiment.invoke(name)
    await app.execute(EnterCommand(name))
    experiment.answer(name, Answer.OK)
    experiment.recoveries.append(time.monotonic() - began)


async def cancelled(
    app: Application, work: Work, name: str, number: int, *, late: bool, again: bool = False
) -> tuple[Answer, bool]:
    """Run work that is cancelled at its nth wait; return what its caller learnt, and whether it waited so often."""
    steps = CancelledAt(work(app, name), number, late=late, again=again)

    async def stepwise() -> None:
        await steps

    task = asyncio.create_task(stepwise())
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait({task})
    if task.cancelled():
        return Answer.UNKNOWN, steps.struck
    task.result()
    return Answer.OK, steps.struck


async def test_cancelling_at_any_wait_leaks_nothing(url: str) -> None:
    outsider = outsider_of(url)
    experiment = Experiment(f"E12 cancellation at every await point: {urlsplit(url).scheme}")
    app = ledger(outsider.url)
    await app.start(projections=False)
    await app.execute(EnterCommand("first"))
    experiment.invoke("first")
    experiment.answer("first", Answer.OK)
    ways = ((False, False), (True, False), (False, True))
    for _, (kind, work), (late, again) in itertools.product(range(size(short=1, long=20)), WORK.items(), ways):
        for number in itertools.count(1):
            name = f"{kind} {len(experiment.operations)}"
            experiment.invoke(name)
            answer, struck = await cancelled(app, work, name, number, late=late, again=again)
            experiment.answer(name, answer)
            if struck:
                experiment.fault(f"cancelled {kind}", at=experiment.operations[name].invoked)
            await nothing_leaked(app, outsider, experiment, name)
            if not struck:
                break
    await app.close()
    stored, _ = await entries(outsider)
    experiment.expect(not await outsider.connected(), "sessions are left behind")
    writing = {name for name in experiment.operations if not name.startswith(("query", "stream", "projection"))}
    experiment.compare(stored, among=writing)
    experiment.conclude()


async def test_cancelling_the_close_at_any_wait_leaves_nothing_running(url: str) -> None:
    outsider = outsider_of(url)
    experiment = Experiment(f"E12 cancellation of closing, with its projections: {urlsplit(url).scheme}")
    for turn, late in itertools.product(range(size(short=1, long=20)), (False, True)):
        for number in itertools.count(1):
            app = ledger(outsider.url)
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
            await entries(outsider)
            experiment.expect(not await outsider.connected(), f"{number}: sessions are left behind")
            experiment.recoveries.append(time.monotonic() - closed)
            if not struck:
                break
            experiment.fault("cancelled close", overlaps=True)
    async with ledger(outsider.url) as app:
        await app.caught_up()
    (view,) = await outsider.read("SELECT entry FROM entries_view")
    experiment.compare(view)
    experiment.conclude()
