"""`duolog worker` as it is deployed: processes of their own that share the work, and take it over from each other."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.subscriptions.shares import HeldShare
from tests.acceptance.test_command_line import PATIENCE, Process, duolog

pytestmark = pytest.mark.timeout(240)

SHOP = """
import os
from dataclasses import dataclass

from duolog import (
    Application, Command, EventPublisher, Projection, Reaction, Reactor, TransactionManager, ViewDatabase, command,
    event,
)
from duolog.integrations.fastapi import attach
from fastapi import FastAPI


@event("item.added", version=1, stream="item-{name}")
@dataclass(frozen=True, slots=True)
class ItemAdded:
    name: str


@event("item.labelled", version=1, stream="label-{name}")
@dataclass(frozen=True, slots=True)
class ItemLabelled:
    name: str


class ItemsProjection(Projection):
    name, version, partitions = "items_view", 1, 4
    tables = {"items_view": "CREATE TABLE items_view (name TEXT PRIMARY KEY, applied INTEGER NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_item_added(self, event: ItemAdded) -> None:
        await self._db.execute(
            "INSERT INTO items_view (name, applied) VALUES (:name, 1)"
            " ON CONFLICT (name) DO UPDATE SET applied = items_view.applied + 1",
            {"name": event.name},
        )


@command("item.label")
@dataclass(frozen=True, slots=True)
class LabelItemCommand(Command[None]):
    name: str


class LabelItemInteractor:
    def __init__(self, tx: TransactionManager, events: EventPublisher) -> None:
        self._tx, self._events = tx, events

    async def execute(self, cmd: LabelItemCommand) -> None:
        await self._events.publish(ItemLabelled(cmd.name))
        await self._tx.commit()


class LabelItems(Reactor):
    name, starts = "label_items", "beginning"

    async def on_item_added(self, event: ItemAdded, reaction: Reaction) -> None:
        reaction.send(LabelItemCommand(event.name))


app = Application(
    "shop",
    database=os.environ["SHOP_DATABASE"],
    handlers=[LabelItemCommand.handled_by(LabelItemInteractor)],
    projections=[ItemsProjection],
    processes=[LabelItems],
    events=[ItemLabelled],
    secret="only for this test, not secret",
)
api = FastAPI()
attach(api, app)
"""

Start = Callable[..., Process]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("fresh_postgres_url"))
    return f"sqlite:///{tmp_path / 'shop.db'}"


@pytest.fixture
def start(tmp_path: Path, url: str) -> Iterator[Start]:
    (tmp_path / "shop.py").write_text(SHOP)
    with ExitStack() as running:
        yield lambda *arguments: running.enter_context(Process(tmp_path, *arguments, SHOP_DATABASE=url))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = open_database(url)
    await opened.open()
    yield opened
    await opened.close()


async def until(holds: Callable[[list[HeldShare]], bool], database: Database) -> list[HeldShare]:
    async with asyncio.timeout(PATIENCE):
        while not holds(shares := list((await database.shares.survey()).shares)):  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)
    return shares


async def add(database: Database, numbers: range) -> None:
    for number in numbers:
        added = NewEvent(uuid7(), "item.added", 1, json.dumps({"name": f"item{number}"}).encode())
        await database.store.append(f"item-item{number}", [added])


def pids(shares: list[HeldShare]) -> set[int]:
    return {int(each.owner.split("/")[2]) for each in shares if each.owner is not None}


async def labelled(database: Database, *, count: int) -> Counter[str]:
    """Return how often each stream of labels got one, once there are so many, and nothing is left to do."""
    async with asyncio.timeout(PATIENCE):
        while True:
            head = await database.store.head()
            shares = (await database.shares.survey()).shares
            events = (await database.store.read_all(limit=10_000)).events
            found = Counter(each.stream for each in events if each.type == "item.labelled")
            is_done = all(each.position >= head for each in shares) and not await database.schedule.read(limit=1)
            if is_done and found.total() >= count:
                return found
            await asyncio.sleep(0.05)


async def test_work_goes_on_when_one_of_two_workers_is_killed(start: Start, database: Database) -> None:
    workers = [start("worker", "shop:app", "--json") for _ in range(2)]
    for worker in workers:
        started = json.loads(worker.line_with('"started"'))
        assert started["works_on"] == ["items_view", "label_items", "scheduled-commands"]
    await until(
        lambda shares: len(pids([each for each in shares if each.share.subscription == "items_view"])) == 2, database
    )
    adding = asyncio.create_task(add(database, range(120)))
    await until(lambda shares: max(each.position for each in shares) > 20, database)
    workers[0].send(signal.SIGKILL)
    workers[0].ended()
    await adding
    assert await labelled(database, count=120) == {f"label-item{number}": 1 for number in range(120)}
    reader = database.open_reader()
    try:
        (row,) = await reader.fetch("SELECT count(*) AS items, sum(applied) AS applied FROM items_view")
    finally:
        await reader.close()
    assert (row["items"], row["applied"]) == (120, 120)
    assert workers[1].end(signal.SIGTERM) == 0
    assert '"stopped"' in workers[1].said
    assert "Traceback" not in workers[1].said


async def test_a_worker_that_is_told_to_end_gives_its_shares_back_at_once(start: Start, database: Database) -> None:
    first, second = start("worker", "shop:app"), start("worker", "shop:api")
    first.line_with("shop works on items_view, label_items, scheduled-commands (Ctrl-C to stop)")
    second.line_with("shop works on")
    both = await until(
        lambda shares: len(pids([each for each in shares if each.share.subscription == "items_view"])) == 2, database
    )
    first.line_with("items_view  running, partitions ")
    assert first.end(signal.SIGTERM) == 0
    assert "Traceback" not in first.said
    left = pids(list((await database.shares.survey()).shares))
    assert len(left) <= 1
    assert left < pids(both)
    await until(lambda shares: all(each.owner is not None for each in shares), database)
    second.line_with("items_view  running")
    assert second.end(signal.SIGINT) == 0


async def test_a_server_without_projections_leaves_the_work_to_workers(start: Start, database: Database) -> None:
    server = start("run", "shop:api", "--port", "0", "--no-projections", "--workers", "2")
    base = server.url()
    await add(database, range(3))

    async def health() -> list[dict[str, object]]:
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=20), timeout=PATIENCE) as client:
            return list((await client.get(f"{base}/health")).json()["projections"])

    (view,) = await health()
    assert (view["state"], view["position"]) == ("elsewhere", 0)
    assert not pids(list((await database.shares.survey()).shares))
    worker = start("worker", "shop:api", "--only", "items_view")
    await until(
        lambda shares: all(each.position >= 3 for each in shares if each.share.subscription == "items_view"), database
    )
    (view,) = await health()
    assert (view["state"], view["lag"]) == ("elsewhere", 0)
    assert await database.schedule.read(limit=10) == []  # nobody works on the reactor
    assert worker.end(signal.SIGTERM) == 0
    assert server.end(signal.SIGTERM) == 0


def test_what_a_worker_cannot_do_is_said_in_a_sentence(start: Start, tmp_path: Path, url: str) -> None:
    _ = start
    for arguments, said in (
        (["worker", "shop:app", "--only", "item_view"], "no projection or process 'item_view'"),
        (["run", "shop:app", "--no-projections"], "has no HTTP side"),
    ):
        ended = duolog(tmp_path, *arguments, SHOP_DATABASE=url)
        assert ended.returncode == 2
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
    ended = duolog(tmp_path, "worker", "shop:app", SHOP_DATABASE="memory://")
    assert ended.returncode == 2
    assert "seen by one process only" in ended.stderr
    ended = duolog(tmp_path, "run", "shop:api", "--port", "0", SHOP_DATABASE=url, DUOLOG_PROJECTIONS="no")
    assert ended.returncode == 2 or "DUOLOG_PROJECTIONS" in ended.stderr
