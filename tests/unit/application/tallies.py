"""A small application for tests of caches: tallies that are added to, summed in a view and asked for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from dishka import Provider, Scope, provide

from duolog import (
    Application,
    CacheScope,
    Caching,
    Command,
    Metadata,
    Projection,
    Query,
    ReadDatabase,
    Settings,
    UnitOfWork,
    ViewDatabase,
    cached,
    event,
)
from duolog.testing import application


@event("tally.added")
@dataclass(frozen=True, slots=True)
class Added:
    tenant: str
    name: str
    amount: int


@dataclass(frozen=True, slots=True)
class Add(Command[None]):
    name: str
    amount: int = 1


@dataclass(frozen=True, slots=True)
class Tally:
    name: str
    total: int


@dataclass(frozen=True, slots=True)
class GetTally(Query[Tally | None]):
    name: str


@dataclass(frozen=True, slots=True)
class GetTallyStrictly(Query[Tally | None]):
    name: str


@dataclass(frozen=True, slots=True)
class PeekTally(Query[Tally | None]):
    """Is not cached."""

    name: str


@dataclass(frozen=True, slots=True)
class ListTallies(Query[list[Tally]]):
    pass


@dataclass(frozen=True, slots=True)
class WhoAmI(Query[str]):
    pass


@dataclass(frozen=True, slots=True)
class WhatMayI(Query[str]):
    pass


@dataclass
class Probe:
    """Counts what reaches the query services, and lets tests hold them up once they have read.

    Attributes:
        asked: how many questions reached a query service.
        has_read: set when a service has read its rows.
        may_answer: services answer once it is set.
        error: what services raise, instead of answering.
    """

    asked: int = 0
    has_read: asyncio.Event = field(default_factory=asyncio.Event)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def read(self) -> None:
        self.asked += 1
        self.has_read.set()
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error


class AddInteractor:
    def __init__(self, unit: UnitOfWork, metadata: Metadata) -> None:
        self._unit = unit
        self._tenant = metadata.tenant

    async def execute(self, cmd: Add) -> None:
        self._unit.stage(f"tally-{cmd.name}", [Added(self._tenant, cmd.name, cmd.amount)])


class TallyProjection(Projection):
    name, version = "tallies", 1
    tables: ClassVar[Mapping[str, str]] = {
        "tallies": "CREATE TABLE tallies (tenant TEXT NOT NULL, name TEXT NOT NULL, total INTEGER NOT NULL, "
        "PRIMARY KEY (tenant, name))"
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_added(self, event: Added) -> None:
        await self._db.execute(
            "INSERT INTO tallies (tenant, name, total) VALUES (:tenant, :name, :amount) "
            "ON CONFLICT (tenant, name) DO UPDATE SET total = tallies.total + excluded.total",
            {"tenant": event.tenant, "name": event.name, "amount": event.amount},
        )


class _Service:
    def __init__(self, db: ReadDatabase, probe: Probe, metadata: Metadata) -> None:
        self._db = db
        self._probe = probe
        self._metadata = metadata

    async def _one(self, name: str) -> Tally | None:
        found = await self._db.fetch_one(
            "SELECT name, total FROM tallies WHERE tenant = :tenant AND name = :name",
            {"tenant": self._metadata.tenant, "name": name},
            into=Tally,
        )
        await self._probe.read()
        return found


@cached(max_staleness=60)
class GetTallyQueryService(_Service):
    async def execute(self, query: GetTally) -> Tally | None:
        return await self._one(query.name)


@cached(strict=True)
class GetTallyStrictlyQueryService(_Service):
    async def execute(self, query: GetTallyStrictly) -> Tally | None:
        return await self._one(query.name)


class PeekTallyQueryService(_Service):
    async def execute(self, query: PeekTally) -> Tally | None:
        return await self._one(query.name)


@cached(max_staleness=0.2)
class ListTalliesQueryService(_Service):
    async def execute(self, query: ListTallies) -> list[Tally]:  # noqa: ARG002 - it has no fields
        rows = await self._db.fetch(
            "SELECT name, total FROM tallies WHERE tenant = :tenant ORDER BY name",
            {"tenant": self._metadata.tenant},
            into=Tally,
        )
        await self._probe.read()
        return list(rows)


@cached(scope=CacheScope.ACTOR)
class WhoAmIQueryService(_Service):
    async def execute(self, query: WhoAmI) -> str:  # noqa: ARG002 - it has no fields
        await self._probe.read()
        actor = self._metadata.actor
        return "nobody" if actor is None else f"{actor.id} {sorted(actor.roles)}"


@cached(scope=CacheScope.ROLES)
class WhatMayIQueryService(_Service):
    async def execute(self, query: WhatMayI) -> str:  # noqa: ARG002 - it has no fields
        await self._probe.read()
        actor = self._metadata.actor
        return "nothing" if actor is None else str(sorted(actor.roles))


class TallyProvider(Provider):
    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self._probe = probe

    @provide(scope=Scope.APP)
    def probe(self) -> Probe:
        return self._probe


def tallies(
    url: str,
    probe: Probe | None = None,
    *,
    caching: Caching | None = None,
    settings: Settings | None = None,
    replicas: Sequence[str] = (),
) -> Application:
    return application(
        Add.handled_by(AddInteractor),
        GetTally.handled_by(GetTallyQueryService, reads=[TallyProjection]),
        GetTallyStrictly.handled_by(GetTallyStrictlyQueryService, reads=[TallyProjection]),
        PeekTally.handled_by(PeekTallyQueryService, reads=[TallyProjection]),
        ListTallies.handled_by(ListTalliesQueryService, reads=[TallyProjection]),
        WhoAmI.handled_by(WhoAmIQueryService, reads=[TallyProjection]),
        WhatMayI.handled_by(WhatMayIQueryService, reads=[TallyProjection]),
        database=url,
        projections=[TallyProjection],
        providers=[TallyProvider(probe or Probe())],
        caching=caching,
        settings=settings,
        replicas=replicas,
    )
