"""A subscription for these tests: what it was given is what it remembers, and its checkpoint is a real one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from duolog.database.port import Database, View
from duolog.eventstore.filters import ALL_EVENTS
from duolog.eventstore.port import EventPage
from duolog.ids import uuid7
from duolog.messages.envelope import NewEvent
from duolog.subscriptions.checkpoints import CheckpointMove
from duolog.subscriptions.leases import Lease
from duolog.subscriptions.progress import Progress
from duolog.subscriptions.runner import Following, Pace
from duolog.subscriptions.share import Share
from duolog.subscriptions.status import SubscriptionStatus
from duolog.subscriptions.supervisor import Subscription, SubscriptionSupervisor

VIEW = View("numbers", 1, {})
SHARE = Share("numbers")
QUICK = Pace(lease=0.3, idle=0.01, first_pause=0.005, last_pause=0.02, batch=5)


@dataclass
class Recorder:
    """A processor that notes the positions of the pages that it has committed.

    Attributes:
        errors: raised by the next pages, one a page, before anything is committed.
        may_go: pages wait for it.
        entered: is set while a page waits for it.
    """

    database: Database
    pages: list[Sequence[int]] = field(default_factory=list[Sequence[int]])
    begun: list[Lease] = field(default_factory=list[Lease])
    errors: list[BaseException] = field(default_factory=list[BaseException])
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_go.set()

    @property
    def positions(self) -> list[int]:
        return [position for page in self.pages for position in page]

    async def begin(self, lease: Lease) -> int:
        self.begun.append(lease)
        (checkpoint,) = await self.database.prepare_view(VIEW, lease=lease)
        return checkpoint.position

    async def apply(self, page: EventPage, move: CheckpointMove) -> None:
        self.entered.set()
        await self.may_go.wait()
        self.entered.clear()
        if self.errors:
            raise self.errors.pop(0)
        session = self.database.open_view(VIEW)
        try:
            await session.commit(move)
        finally:
            await session.close()
        self.pages.append([event.position for event in page.events])


@dataclass
class Running:
    """The numbers' one share in a supervisor of its own."""

    supervisor: SubscriptionSupervisor

    @property
    def status(self) -> SubscriptionStatus:
        return self.supervisor.statuses()[0]

    async def start(self) -> None:
        await self.supervisor.start()

    async def stop(self, *, seconds: float) -> None:
        await self.supervisor.stop(seconds=seconds)


def runner(recorder: Recorder, progress: Progress, *, owner: str = "host/1/1", pace: Pace = QUICK) -> Running:
    async def prepare() -> None:
        await recorder.database.prepare_view(VIEW)

    def follow(share: Share) -> Following:
        return Following(share, VIEW.version, ALL_EVENTS, recorder)

    numbers = Subscription(VIEW.subscription, VIEW.version, prepare, follow)
    return Running(
        SubscriptionSupervisor([numbers], source=recorder.database, progress=progress, owner=owner, pace=pace)
    )


async def append(database: Database, count: int = 1) -> int:
    events = [NewEvent(uuid7(), "number.drawn", 1, b"{}") for _ in range(count)]
    return (await database.store.append("number-1", events)).position


async def advance(database: Database, position: int) -> None:
    """Move the checkpoint as another process's owner would."""
    lease = await database.leases.acquire(SHARE, "elsewhere/1/1", seconds=60)
    assert lease is not None
    (before,) = await database.prepare_view(VIEW)
    session = database.open_view(VIEW)
    await session.commit(CheckpointMove(SHARE, VIEW.version, lease.token, before.position, position))
    await session.close()
