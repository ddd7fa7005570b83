"""A small domain for these tests: shelves whose interactors run whatever a test hands them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from dishka import Provider, Scope, provide

from duolog import (
    Application,
    Command,
    DecisionBoundary,
    EventPublisher,
    ReadDatabase,
    Settings,
    TransactionManager,
    UnitOfWork,
    WriteDatabase,
    event,
)
from duolog.testing import application

TABLES: Final = {
    "shelves": """
        CREATE TABLE shelves (
            id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, version INTEGER NOT NULL DEFAULT 1
        )"""
}


@event("shelf.filled")
@dataclass(frozen=True, slots=True)
class Filled:
    item: str


@event("shelf.noticed", stream="shelf_notices-{shelf}")
@dataclass(frozen=True, slots=True)
class Noticed:
    shelf: str


@event("shelf.unpublished")
@dataclass(frozen=True, slots=True)
class NotPublishable:
    shelf: str


@dataclass(frozen=True, slots=True)
class Do(Command[str]):
    """Run the application's `Plan`, with a transaction manager."""

    shelf: str = "a"


@dataclass(frozen=True, slots=True)
class DoWithout(Command[str]):
    """Run the application's `Plan`; no transaction manager is taken."""

    shelf: str = "a"


class Ports:
    """What an interactor has in its hands."""

    def __init__(
        self,
        unit: UnitOfWork,
        events: EventPublisher,
        db: WriteDatabase,
        boundary: DecisionBoundary,
        reads: ReadDatabase,
    ) -> None:
        self.unit = unit
        self.events = events
        self.db = db
        self.boundary = boundary
        self.reads = reads


@dataclass
class Plan:
    """What interactors do.

    Attributes:
        run: with a transaction manager.
        run_without: without one.
        attempts: how often either was run.
    """

    run: Callable[[Ports, TransactionManager, str], Awaitable[None]] | None = None
    run_without: Callable[[Ports, str], Awaitable[None]] | None = None
    attempts: int = field(default=0)


class DoInteractor:
    def __init__(self, ports: Ports, tx: TransactionManager, plan: Plan) -> None:
        self._ports = ports
        self._tx = tx
        self._plan = plan

    async def execute(self, cmd: Do) -> str:
        self._plan.attempts += 1
        assert self._plan.run is not None
        await self._plan.run(self._ports, self._tx, cmd.shelf)
        return cmd.shelf


class DoWithoutInteractor:
    def __init__(self, ports: Ports, plan: Plan) -> None:
        self._ports = ports
        self._plan = plan

    async def execute(self, cmd: DoWithout) -> str:
        self._plan.attempts += 1
        assert self._plan.run_without is not None
        await self._plan.run_without(self._ports, cmd.shelf)
        return cmd.shelf


class ShelfProvider(Provider):
    scope = Scope.APP

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan

    @provide
    def plan(self) -> Plan:
        return self._plan

    ports = provide(Ports, scope=Scope.REQUEST)


def shelves(url: str, plan: Plan, *, settings: Settings | None = None) -> Application:
    return application(
        Do.handled_by(DoInteractor),
        DoWithout.handled_by(DoWithoutInteractor),
        database=url,
        providers=[ShelfProvider(plan)],
        tables=TABLES,
        settings=settings,
    )


async def put(ports: Ports, shelf: str, *, name: str = "") -> None:
    """Stage a row and an event."""
    await ports.db.execute("INSERT INTO shelves (id, name) VALUES (:id, :name)", {"id": shelf, "name": name or shelf})
    ports.unit.stage(f"shelf-{shelf}", [Filled("book")])


@dataclass(frozen=True, slots=True)
class State:
    """What is recorded: ids of rows, and stored event types by stream."""

    rows: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


async def state(app: Application) -> State:
    reader = app.database.open_reader()
    try:
        rows = await reader.fetch("SELECT id FROM shelves ORDER BY id")
    finally:
        await reader.close()
    page = await app.database.store.read_all()
    return State(tuple(row["id"] for row in rows), tuple(f"{event.stream} {event.type}" for event in page.events))


NOTHING: Final = State()
BOTH: Final = State(("a",), ("shelf-a shelf.filled",))
