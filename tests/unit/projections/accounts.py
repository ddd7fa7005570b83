"""A small domain for these tests: accounts whose balances are projected, and what runs the projection."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self

from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.database.port import Database, View
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.messages.event import event
from duolog.projections.projection import Projection
from duolog.projections.runtime import ProjectionRuntime
from duolog.projections.view_database import ViewDatabase, ViewSession
from duolog.projections.views import OpenView
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.parking import ParkReason
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Pace

QUICK = Pace(lease=0.6, idle=0.01, first_pause=0.005, last_pause=0.02, batch=7)
BAD_AMOUNT = 13


@event("account.opened")
@dataclass(frozen=True, slots=True)
class AccountOpened:
    owner: str


@event("account.moved")
@dataclass(frozen=True, slots=True)
class AmountMoved:
    amount: int


@event("account.viewed")
@dataclass(frozen=True, slots=True)
class AccountViewed:
    """No projection here wants it."""

    by: str


class BadAmountError(Exception):
    """What the projection raises for the poisonous amount."""


class BalanceProjection(Projection):
    """Refuses an amount of 13 itself; its table refuses balances below 0."""

    name, version = "balances_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "balances_view": """
            CREATE TABLE balances_view (
                tenant TEXT NOT NULL, account TEXT NOT NULL, balance INTEGER NOT NULL CHECK (balance >= 0),
                moves INTEGER NOT NULL, PRIMARY KEY (tenant, account)
            )"""
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_opened(self, event: AccountOpened, recorded: RecordedEvent) -> None:
        del event
        await self._db.execute(
            "INSERT INTO balances_view (tenant, account, balance, moves) VALUES (:tenant, :account, 0, 0)",
            {"tenant": recorded.tenant, "account": recorded.stream},
        )

    async def on_moved(self, event: AmountMoved, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "UPDATE balances_view SET balance = balance + :amount, moves = moves + 1"
            " WHERE tenant = :tenant AND account = :account",
            {"amount": event.amount, "tenant": recorded.tenant, "account": recorded.stream},
        )
        if event.amount == BAD_AMOUNT:
            message = "thirteen"
            raise BadAmountError(message)


class SecondBalanceProjection(BalanceProjection):
    """The next release of the same view: it starts every balance at 100."""

    name, version = "balances_view", 2

    async def on_opened(self, event: AccountOpened, recorded: RecordedEvent) -> None:
        await super().on_opened(event, recorded)
        await self._db.execute(
            "UPDATE balances_view SET balance = 100 WHERE account = :account", {"account": recorded.stream}
        )


class VisitProjection(Projection):
    """Counts views; its trouble must be nobody else's."""

    name, version = "visits_view", 1
    tables: ClassVar[Mapping[str, str]] = {"visits_view": "CREATE TABLE visits_view (visitor TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_viewed(self, event: AccountViewed) -> None:
        await self._db.execute("INSERT INTO visits_view (visitor) VALUES (:by)", {"by": event.by})


@dataclass(frozen=True, slots=True)
class Balance:
    account: str
    balance: int
    moves: int


def codec() -> EventCodec:
    return EventCodec(EventTypes([AccountOpened, AmountMoved, AccountViewed]), Tagger(b"0" * 32))


@dataclass
class Worker:
    """What one process runs: the projections of an application on a database that others may share."""

    database: Database
    projections: Sequence[type[Projection]] = (BalanceProjection,)
    open_view: OpenView | None = None
    pace: Pace = QUICK
    codec: EventCodec = field(default_factory=codec)
    progress: Progress = field(init=False)
    runtime: ProjectionRuntime = field(init=False)

    def __post_init__(self) -> None:
        self.progress = Progress(self.database.checkpoints)
        self.runtime = ProjectionRuntime(
            self.projections,
            source=self.database,
            prepare_view=self.prepare_view,
            open_view=self.open_view or self.stored_view,
            open_projection=self.open_projection,
            codec=self.codec,
            progress=self.progress,
            pace=self.pace,
        )

    async def __aenter__(self) -> Self:
        await self.runtime.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self.runtime.stop(seconds=5)

    async def prepare_view(self, projection: type[Projection]) -> Checkpoint:
        return await self.database.prepare_view(view(projection))

    def stored_view(self, projection: type[Projection]) -> ViewSession:
        return self.database.open_view(view(projection))

    @asynccontextmanager
    async def open_projection(self, projection: type[Projection], db: ViewDatabase) -> AsyncIterator[Projection]:
        build: type[BalanceProjection | VisitProjection] = projection  # type: ignore[assignment]
        yield build(db)

    async def append(self, stream: str, *events: object, tenant: str = "") -> int:
        encoded = [self.codec.encode(event) for event in events]
        return (await self.database.store.append(stream, encoded, tenant=tenant)).position

    async def append_raw(self, stream: str, encoded: NewEvent) -> int:
        return (await self.database.store.append(stream, [encoded])).position

    async def caught_up(self) -> None:
        head = await self.database.store.head()
        for projection in self.projections:
            await self.progress.reached(projection.name, head)

    async def balances(self) -> list[Balance]:
        reader = self.database.open_reader()
        try:
            return list(
                await reader.fetch(
                    "SELECT account, balance, moves FROM balances_view ORDER BY tenant, account", into=Balance
                )
            )
        finally:
            await reader.close()

    async def checkpoint(self) -> int:
        checkpoint = await self.database.checkpoints.read(BalanceProjection.name)
        assert checkpoint is not None
        return checkpoint.position

    async def parked(self) -> list[tuple[str, int, ParkReason]]:
        return [(event.key, event.position, event.reason) for event in await self.database.parking.read()]


def view(projection: type[Projection]) -> View:
    return View(projection.name, projection.version, projection.tables)


def folded(history: Sequence[tuple[str, object]]) -> list[Balance]:
    """Fold a history in the simplest way: an account ends before its first event that cannot be applied."""
    balances: dict[str, Balance] = {}
    ended: set[str] = set()
    for account, happened in history:
        if account in ended:
            continue
        known = balances.get(account)
        if isinstance(happened, AccountOpened):
            if known is None:
                balances[account] = Balance(account, 0, 0)
            else:
                ended.add(account)
        elif isinstance(happened, AmountMoved):
            if happened.amount == BAD_AMOUNT or (known is not None and known.balance + happened.amount < 0):
                ended.add(account)
            elif known is not None:
                balances[account] = Balance(account, known.balance + happened.amount, known.moves + 1)
    return sorted(balances.values(), key=lambda balance: balance.account)
