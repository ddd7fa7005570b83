"""A small domain for these tests: accounts whose balances are projected, and what runs the projection."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self, cast

from duolog.application.declared_views import DeclaredViews, declared_view
from duolog.codec.event_codec import EventCodec
from duolog.codec.event_types import EventTypes
from duolog.codec.tags import Tagger
from duolog.database.port import Database, View
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent, RecordedEvent
from duolog.messages.event import event
from duolog.projections.materialized_view import ViewClass
from duolog.projections.poison import Poison
from duolog.projections.projection import Projection
from duolog.projections.runtime import ProjectionRuntime
from duolog.projections.shares import ProjectionShares
from duolog.projections.version_keeper import VersionKeeper
from duolog.projections.view_database import ViewDatabase, ViewSession
from duolog.subscriptions.checkpoints import Checkpoint
from duolog.subscriptions.generations import Role
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.parking import ParkReason
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Pace
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import RunnerState
from tests.unit.projections.faults import Faults

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
    """Lists who viewed an account, each once; it reads what it wrote, and refuses nobody."""

    name, version = "visits_view", 1
    tables: ClassVar[Mapping[str, str]] = {"visits_view": "CREATE TABLE visits_view (visitor TEXT NOT NULL)"}

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_viewed(self, event: AccountViewed) -> None:
        known = await self._db.fetch_value("SELECT count(*) FROM visits_view WHERE visitor = :by", {"by": event.by})
        if event.by == "nobody":
            message = "nobody viewed it"
            raise LookupError(message)
        if not known:
            await self._db.execute("INSERT INTO visits_view (visitor) VALUES (:by)", {"by": event.by})


@dataclass(frozen=True, slots=True)
class Balance:
    account: str
    balance: int
    moves: int


def undecodable() -> NewEvent:
    return NewEvent(uuid7(), "account.moved", 1, b'{"amount":"one"}')


def codec() -> EventCodec:
    return EventCodec(EventTypes([AccountOpened, AmountMoved, AccountViewed]), Tagger(b"0" * 32))


@dataclass
class Worker:
    """What one process runs: the projections of an application on a database that others may share."""

    database: Database
    projections: Sequence[type[Projection]] = (BalanceProjection,)
    faults: Faults = field(default_factory=Faults)
    pace: Pace = QUICK
    codec: EventCodec = field(default_factory=codec)
    poison: Poison = field(default_factory=lambda: Poison(patience=0, first_pause=0.005))
    progress: Progress = field(init=False)
    shares: ProjectionShares = field(init=False)
    runtime: ProjectionRuntime = field(init=False)
    keeper: VersionKeeper = field(init=False)

    def __post_init__(self) -> None:
        keyed = [projection.name for projection in self.projections if projection.is_keyed()]
        self.progress = Progress(self.database.checkpoints, keyed=keyed)
        self.shares = ProjectionShares(
            source=self.database,
            prepare_view=self.prepare_view,
            open_view=self.faults.around(self.open_view),
            open_projection=self.open_projection,
            codec=self.codec,
            make_poison=lambda: self.poison,
        )
        self.keeper = VersionKeeper(self.projections, DeclaredViews(self.database), self.database, keep_seconds=3_600)
        self.runtime = ProjectionRuntime(
            self.projections, self.shares, source=self.database, progress=self.progress, pace=self.pace
        )

    async def __aenter__(self) -> Self:
        await self.keeper.start()
        await self.runtime.start()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await self.keeper.stop()
        await self.runtime.stop(seconds=5)

    async def prepare_view(self, projection: ViewClass, lease: Lease | None = None) -> Sequence[Checkpoint]:
        return await self.database.prepare_view(view(projection), lease=lease)

    def open_view(self, projection: ViewClass, share: Share, role: Role) -> ViewSession:
        return self.database.open_view(view(projection), share, role)

    @asynccontextmanager
    async def open_projection(self, projection: type[Projection], db: ViewDatabase) -> AsyncIterator[Projection]:
        build = cast("Callable[[ViewDatabase], Projection]", projection)
        yield build(db)

    async def append(self, stream: str, *events: object, tenant: str = "") -> int:
        encoded = [event if isinstance(event, NewEvent) else self.codec.encode(event) for event in events]
        return (await self.database.store.append(stream, encoded, tenant=tenant)).position

    async def caught_up(self) -> None:
        await self.keeper.settled()
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

    async def is_at_head(self) -> bool:
        return await self.checkpoint() == await self.database.store.head()

    async def checkpoint(self) -> int:
        return min(each.position for each in await self.database.checkpoints.read(BalanceProjection.name))

    @property
    def state(self) -> RunnerState:
        return self.runtime.statuses()[0].state

    async def parked(self) -> list[tuple[str, int, ParkReason]]:
        return [(event.key, event.position, event.reason) for event in await self.database.parking.read()]


def view(projection: ViewClass) -> View:
    return declared_view(projection)


@dataclass(frozen=True, slots=True)
class Folded:
    """What a view must show, and which events (by their place in the history) must be parked."""

    balances: list[Balance]
    parked: list[int]


def folded(history: Sequence[tuple[str, object]]) -> Folded:
    """Fold a history in the simplest way: an account ends before its first event that cannot be applied."""
    balances: dict[str, Balance] = {}
    ended: set[str] = set()
    parked: list[int] = []
    for place, (account, happened) in enumerate(history):
        if isinstance(happened, AccountViewed):
            continue
        known = balances.get(account)
        if account in ended or not _applies(known, happened):
            ended.add(account)
            parked.append(place)
        elif isinstance(happened, AccountOpened):
            balances[account] = Balance(account, 0, 0)
        elif isinstance(happened, AmountMoved) and known is not None:
            balances[account] = Balance(account, known.balance + happened.amount, known.moves + 1)
    return Folded(sorted(balances.values(), key=lambda balance: balance.account), parked)


def _applies(known: Balance | None, happened: object) -> bool:
    if isinstance(happened, AccountOpened):
        return known is None
    if isinstance(happened, AmountMoved):
        return happened.amount != BAD_AMOUNT and (known is None or known.balance + happened.amount >= 0)
    return False  # the bytes of an event that cannot be decoded
