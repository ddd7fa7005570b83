"""`duolog` as an operator uses it: as processes of its own, on a small application in a folder."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Self

import httpx
import pytest

from duolog.container.databases import open_database
from duolog.database.port import Database
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent

pytestmark = pytest.mark.timeout(180)

PATIENCE = 60.0  # seconds until a process that says nothing has failed

SHOP = """
import asyncio
import os
from dataclasses import dataclass

from dishka import Provider, Scope
from duolog import (
    Application, Command, EventPublisher, Projection, Query, ReadDatabase, Settings, TransactionManager, ViewDatabase,
    event,
)
from duolog.integrations.fastapi import attach
from fastapi import FastAPI


@event("item.added", version=1, stream="item-{name}")
@dataclass(frozen=True, slots=True)
class ItemAdded:
    name: str


class ItemsProjection(Projection):
    name, version = "items_view", 1
    tables = {"items_view": "CREATE TABLE items_view (name TEXT PRIMARY KEY, applied INTEGER NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_item_added(self, event: ItemAdded) -> None:
        await self._db.execute(
            "INSERT INTO items_view (name, applied) VALUES (:name, 1)"
            " ON CONFLICT (name) DO UPDATE SET applied = applied + 1",
            {"name": event.name},
        )


@dataclass(frozen=True, slots=True)
class AddItemCommand(Command[int]):
    name: str


class AddItemInteractor:
    def __init__(self, tx: TransactionManager, events: EventPublisher) -> None:
        self._tx, self._events = tx, events

    async def execute(self, cmd: AddItemCommand) -> int:
        await self._tx.commit()
        await self._events.publish(ItemAdded(cmd.name))
        return os.getpid()


@dataclass(frozen=True, slots=True)
class CountItemsQuery(Query[dict[str, int]]):
    pass


class CountItemsQueryService:
    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: CountItemsQuery) -> dict[str, int]:
        return {row["name"]: row["applied"] for row in await self._db.fetch("SELECT name, applied FROM items_view")}


def make_application() -> Application:
    return Application(
        "shop",
        database="sqlite:///shop.db",
        handlers=[
            AddItemCommand.handled_by(AddItemInteractor),
            CountItemsQuery.handled_by(CountItemsQueryService, reads=[ItemsProjection]),
        ],
        projections=[ItemsProjection],
        tables={"shelves": os.environ.get("SHELVES", "CREATE TABLE shelves (id TEXT PRIMARY KEY)")},
        secret="only for this test, not secret",
        settings=Settings(drain_seconds=5),
    )


app = make_application()
api = FastAPI()
attach(api, app)


@api.post("/items/{name}")
async def add(name: str) -> dict[str, int]:
    receipt = await app.execute_with_receipt(AddItemCommand(name))
    return {"pid": receipt.result, "position": receipt.position}


@api.get("/items")
async def items(after: int | None = None) -> dict[str, int]:
    return await app.query(CountItemsQuery(), after=after, timeout=20)


@api.post("/slowly/{name}")
async def add_slowly(name: str) -> dict[str, int]:
    print("a slow request has begun", flush=True)
    while not os.path.exists("go on"):
        await asyncio.sleep(0.01)
    return await add(name)


worker = make_application()
"""


class Process:
    """`duolog` running; what it says is read while it runs."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._lines: Queue[str] = Queue()
        self._said: deque[str] = deque(maxlen=200)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "duolog", *arguments],
            cwd=folder,
            env=clean_environment(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._reader.join()

    @property
    def said(self) -> str:
        return "\n".join(self._said)

    def line_with(self, text: str) -> str:
        """Wait for a line that has `text` in it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                line = self._lines.get(timeout=0.2)
            except Empty:
                assert self._reader.is_alive(), f"ended without {text!r}:\n{self.said}"
                continue
            if text in line:
                return line
        pytest.fail(f"did not say {text!r}:\n{self.said}")

    def url(self) -> str:
        """Wait until it serves, and return where."""
        return self.line_with(" listens on ").partition(" listens on ")[2].split()[0]

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.send(number)
        return self.ended()

    def ended(self) -> int:
        code = self._process.wait(PATIENCE)
        self._reader.join()
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        with closing(self._process.stdout) as output:
            for line in output:
                self._said.append(line.rstrip("\n"))
                self._lines.put(line.rstrip("\n"))


Start = Callable[..., Process]


def clean_environment(more: Mapping[str, str]) -> dict[str, str]:
    ours = ("DUOLOG_", "PORT", "WRITE_MODEL")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, **more}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SHOP)
    return tmp_path


@pytest.fixture
def start(shop: Path) -> Iterator[Start]:
    with ExitStack() as running:
        yield lambda *arguments, **environment: running.enter_context(Process(shop, *arguments, **environment))


def duolog(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "duolog", *arguments],
        cwd=folder,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def append(folder: Path, *names: str) -> None:
    """Record events as another process does."""

    async def run(database: Database) -> None:
        await database.open()
        try:
            for name in names:
                event = NewEvent(uuid7(), "item.added", 1, json.dumps({"name": name}).encode())
                await database.store.append(f"item-{name}", [event])
        finally:
            await database.close()

    asyncio.run(run(open_database(f"sqlite:///{folder / 'shop.db'}")))


def status(folder: Path) -> dict[str, Any]:
    ended = duolog(folder, "projections", "status", "sqlite:///shop.db", "--json")
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    return dict(json.loads(line))


def test_a_web_application_is_served_with_its_projections(start: Start) -> None:
    process = start("run", "shop:api", "--port", "0")
    with httpx.Client(base_url=process.url(), timeout=PATIENCE) as client:
        added = client.post("/items/tea").json()
        assert client.get("/items", params={"after": added["position"]}).json() == {"tea": 1}
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.said


def test_an_open_request_is_answered_after_the_signal(start: Start, shop: Path) -> None:
    process = start("run", "shop:api", "--port", "0")
    answers: list[httpx.Response] = []
    url = process.url()
    asking = threading.Thread(target=lambda: answers.append(httpx.post(f"{url}/slowly/tea", timeout=PATIENCE)))
    asking.start()
    process.line_with("a slow request has begun")
    process.send(signal.SIGINT)
    process.line_with("Shutting down")
    assert not answers
    (shop / "go on").touch()
    assert process.ended() == 0
    asking.join()
    assert answers[0].status_code == 200
    assert '"name":"tea"' in duolog(shop, "events", "sqlite:///shop.db").stdout


def test_several_workers_share_the_port_and_one_of_them_projects(start: Start, shop: Path) -> None:
    process = start("run", "shop:api", "--port", "0", "--workers", "2")
    url = process.url()
    pids: set[int] = set()
    position = added = 0
    deadline = time.monotonic() + PATIENCE
    with httpx.Client(transport=httpx.HTTPTransport(retries=20), timeout=PATIENCE) as client:
        while (len(pids) < 2 or added < 50) and time.monotonic() < deadline:
            # A connection of its own, so that either worker may take it.
            answer = client.post(f"{url}/items/item{added}", headers={"Connection": "close"}).json()
            pids.add(answer["pid"])
            position = answer["position"]
            added += 1
        assert len(pids) == 2
        counts = client.get(f"{url}/items", params={"after": position}).json()
    assert counts == {f"item{number}": 1 for number in range(added)}
    projection = status(shop)
    assert (projection["lag"], projection["parked"]) == (0, 0)
    assert projection["owner"]
    assert process.end(signal.SIGTERM) == 0
    assert "Traceback" not in process.said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_application_without_http_runs_its_projections(start: Start, shop: Path, number: signal.Signals) -> None:
    process = start("run", "shop:worker")
    process.line_with("shop is running")
    append(shop, "tea", "cup")
    deadline = time.monotonic() + PATIENCE
    while status(shop)["position"] < 2:
        assert time.monotonic() < deadline, process.said
    assert process.end(number) == 0
    assert "Traceback" not in process.said
    after = status(shop)
    assert (after["lag"], after["parked"]) == (0, 0)


def test_an_application_without_http_has_no_workers(shop: Path) -> None:
    ended = duolog(shop, "run", "shop:worker", "--workers", "2")
    assert ended.returncode == 2
    assert "has no HTTP side" in ended.stderr


def test_a_taken_port_is_said_in_a_sentence(start: Start, shop: Path) -> None:
    port = start("run", "shop:api", "--port", "0").url().rpartition(":")[2]
    ended = duolog(shop, "run", "shop:api", PORT=port)
    assert ended.returncode == 2
    assert f"error: cannot listen on 127.0.0.1:{port}: the port is taken" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "target", [["shop:api", "--port", "0"], ["shop:api", "--port", "0", "--workers", "2"], ["shop:worker"]]
)
def test_an_application_that_cannot_start_says_why_in_a_sentence(shop: Path, target: list[str]) -> None:
    ended = duolog(shop, "run", *target, SHELVES="CREATE TABEL shelves (id TEXT)")
    assert ended.returncode == 2
    assert "shelves" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_debug_shows_where_a_start_failed(shop: Path) -> None:
    for target in (["shop:api", "--port", "0"], ["shop:worker"]):
        ended = duolog(shop, "--debug", "run", *target, SHELVES="CREATE TABEL shelves (id TEXT)")
        assert ended.returncode == 2
        assert "Traceback" in ended.stderr


def test_events_of_another_process_are_followed(start: Start, shop: Path) -> None:
    append(shop, "before")
    everything = start("events", "sqlite:///shop.db", "--follow", "--json")
    one_stream = start("events", "sqlite:///shop.db", "-f", "--stream", "item-tea")
    everything.line_with("item-before")
    append(shop, "tea", "cup")
    assert json.loads(everything.line_with("item-cup"))["data"] == {"name": "cup"}
    assert "item-tea@1" in one_stream.line_with("item-")
    append(shop, "tea")
    assert "item-tea@2" in one_stream.line_with("item-")
    assert everything.end(signal.SIGINT) == 0
    assert "Traceback" not in everything.said


def test_a_reader_that_leaves_ends_the_listing_quietly(shop: Path) -> None:
    append(shop, *(f"item{number}" for number in range(600)))
    listing = subprocess.Popen(
        [sys.executable, "-m", "duolog", "events", "sqlite:///shop.db"],
        cwd=shop,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert listing.stdout is not None
    assert listing.stderr is not None
    with closing(listing.stdout), closing(listing.stderr):
        assert listing.stdout.readline().split()[2] == b"item-item0@1"
        listing.stdout.close()
        assert listing.stderr.read() == b""
        listing.wait(PATIENCE)


def test_the_demo_makes_nothing_where_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        ended = duolog(tmp_path, "demo", PORT=str(other.getsockname()[1]))
    assert ended.returncode == 2
    assert "the port is taken" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_the_demo_goes_on_filling_where_it_was_interrupted(start: Start, shop: Path) -> None:
    environment = {"PORT": "0", "DUOLOG_DATA": str(shop / "data"), "WRITE_MODEL": "tables"}
    interrupted = start("demo", **environment)
    interrupted.line_with("filled in 50 of 200 users")
    assert interrupted.end(signal.SIGINT) == 130
    assert "Traceback" not in interrupted.said

    serving = start("demo", **environment)
    url = serving.line_with(" is served on ").partition(" is served on ")[2].split()[0]
    token = (shop / "data" / "admin-token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/users", headers=headers, timeout=PATIENCE).json()["total"] == 200
    assert f"curl -si {url}" in serving.said
    assert serving.end(signal.SIGINT) == 0

    again = start("demo", **environment)
    again.line_with(" is served on ")
    assert "filled in" not in again.said
    assert again.end(signal.SIGTERM) == 0
