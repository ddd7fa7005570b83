"""A tiny application behind HTTP: things that can be made, renamed, looked at and made to fail."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, ClassVar
from uuid import UUID, uuid4

import httpx
import msgspec
from dishka import Provider, Scope
from fastapi import FastAPI

from duolog import (
    Aggregate,
    Application,
    Command,
    CursorPage,
    EventSourcedRepository,
    Metadata,
    PaginatedResult,
    Projection,
    Query,
    ReadDatabase,
    RecordedEvent,
    TransactionManager,
    UnitOfWork,
    ViewDatabase,
    event,
)
from duolog.errors import WrongExpectedVersionError
from duolog.integrations.fastapi import BearerTokens, MessageRouter, Problem, attach
from duolog.testing import application
from duolog.testing.applications import TEST_SECRET

CONFLICT = "the name that another writer always takes first"
BEARER = BearerTokens(TEST_SECRET)


class ThingError(Exception):
    """The application's own error."""


ERRORS: dict[str, Exception] = {}


@event("thing.made")
@dataclass(frozen=True, slots=True)
class ThingMade:
    thing_id: UUID
    name: str


@event("thing.renamed")
@dataclass(frozen=True, slots=True)
class ThingRenamed:
    thing_id: UUID
    name: str


class Thing(Aggregate[UUID]):
    category = "thing"

    def on_made(self, happened: ThingMade) -> None:
        self.name = happened.name

    def on_renamed(self, happened: ThingRenamed) -> None:
        self.name = happened.name


class Things(EventSourcedRepository[Thing]):
    def __init__(self, unit: UnitOfWork) -> None:
        super().__init__(Thing, unit)


@dataclass(frozen=True, slots=True)
class MakeThing(Command[UUID]):
    """Make a thing."""

    name: Annotated[str, msgspec.Meta(max_length=100)]
    password: str = field(repr=False)
    size: int = 3


class MakeThingInteractor:
    def __init__(self, things: Things, tx: TransactionManager) -> None:
        self._things = things
        self._tx = tx

    async def execute(self, cmd: MakeThing) -> UUID:
        thing = Thing(uuid4())
        thing.raise_event(ThingMade(thing.id, f"{cmd.name} of {cmd.size}"))
        await self._things.save(thing)
        await self._tx.commit()
        return thing.id


@dataclass(frozen=True, slots=True)
class Renamed:
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class RenameThing(Command[Renamed]):
    thing_id: UUID
    name: str | None = None
    expected_version: int | None = None


class RenameThingInteractor:
    def __init__(self, things: Things, tx: TransactionManager) -> None:
        self._things = things
        self._tx = tx

    async def execute(self, cmd: RenameThing) -> Renamed:
        thing = await self._things.load(cmd.thing_id)
        if cmd.expected_version not in (None, thing.version):
            message = f"it has version {thing.version}"
            raise ThingError(message)
        if cmd.name == CONFLICT:
            raise WrongExpectedVersionError(stream=thing.stream, expected=thing.version, actual=thing.version + 1)
        if cmd.name is not None:
            thing.raise_event(ThingRenamed(thing.id, cmd.name))
        await self._things.save(thing)
        await self._tx.commit()
        return Renamed(thing.name, thing.version)


@dataclass(frozen=True, slots=True)
class Fail(Command[None]):
    how: str
    times: int = 1


class FailInteractor:
    async def execute(self, cmd: Fail) -> None:
        if cmd.how in ERRORS:
            raise ERRORS[cmd.how]


@dataclass(frozen=True, slots=True)
class WhoAmI(Query[dict[str, str | None]]):
    pass


class WhoAmIService:
    def __init__(self, metadata: Metadata) -> None:
        self._metadata = metadata

    async def execute(self, _: WhoAmI) -> dict[str, str | None]:
        actor = self._metadata.actor
        return {
            "actor": actor.id if actor is not None else None,
            "correlation_id": str(self._metadata.correlation_id),
            "traceparent": self._metadata.traceparent,
        }


@dataclass(frozen=True, slots=True)
class ThingDTO:
    id: UUID
    name: str
    version: int


class ThingsProjection(Projection):
    name, version = "things_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "things_view": "CREATE TABLE things_view (id UUID NOT NULL PRIMARY KEY, name TEXT NOT NULL, version BIGINT)"
    }

    def __init__(self, db: ViewDatabase) -> None:
        self._db = db

    async def on_made(self, event: ThingMade) -> None:
        await self._db.execute(
            "INSERT INTO things_view (id, name, version) VALUES (:id, :name, 1)",
            {"id": event.thing_id, "name": event.name},
        )

    async def on_renamed(self, event: ThingRenamed, recorded: RecordedEvent) -> None:
        await self._db.execute(
            "UPDATE things_view SET name = :name, version = :version WHERE id = :id",
            {"id": event.thing_id, "name": event.name, "version": recorded.version},
        )


@dataclass(frozen=True, slots=True)
class GetThing(Query[ThingDTO | None]):
    thing_id: UUID


@dataclass(frozen=True, slots=True)
class ThingExists(Query[bool]):
    thing_id: UUID


@dataclass(frozen=True, slots=True)
class ListThings(Query[PaginatedResult[ThingDTO]]):
    limit: int = 2
    offset: int = 0
    name_filter: str | None = None


@dataclass(frozen=True, slots=True)
class WalkThings(Query[CursorPage[ThingDTO]]):
    cursor: str | None = None
    limit: int = 2


class ThingReader:
    def __init__(self, db: ReadDatabase) -> None:
        self.db = db

    async def all(self) -> list[ThingDTO]:
        return list(await self.db.fetch("SELECT id, name, version FROM things_view ORDER BY name", into=ThingDTO))


class GetThingService(ThingReader):
    async def execute(self, query: GetThing) -> ThingDTO | None:
        return next((thing for thing in await self.all() if thing.id == query.thing_id), None)


class ThingExistsService(ThingReader):
    async def execute(self, query: ThingExists) -> bool:
        return any(thing.id == query.thing_id for thing in await self.all())


class ListThingsService(ThingReader):
    async def execute(self, query: ListThings) -> PaginatedResult[ThingDTO]:
        found = [each for each in await self.all() if query.name_filter is None or query.name_filter in each.name]
        stretch = found[query.offset : query.offset + query.limit]
        return PaginatedResult(stretch, total=len(found), limit=query.limit, offset=query.offset)


class WalkThingsService(ThingReader):
    async def execute(self, query: WalkThings) -> CursorPage[ThingDTO]:
        start = int(query.cursor or "0")
        stretch = (await self.all())[start : start + query.limit + 1]
        following = str(start + query.limit) if len(stretch) > query.limit else None
        previous = str(max(0, start - query.limit)) if start else None
        return CursorPage(stretch[: query.limit], query.limit, following, previous)


class ThingsProvider(Provider):
    scope = Scope.REQUEST

    def __init__(self) -> None:
        super().__init__()
        self.provide(Things)


def things_application(database: str = "memory://") -> Application:
    return application(
        MakeThing.handled_by(MakeThingInteractor),
        RenameThing.handled_by(RenameThingInteractor),
        Fail.handled_by(FailInteractor),
        WhoAmI.handled_by(WhoAmIService),
        GetThing.handled_by(GetThingService, reads=[ThingsProjection]),
        ThingExists.handled_by(ThingExistsService, reads=[ThingsProjection]),
        ListThings.handled_by(ListThingsService, reads=[ThingsProjection]),
        WalkThings.handled_by(WalkThingsService, reads=[ThingsProjection]),
        database=database,
        projections=[ThingsProjection],
        providers=[ThingsProvider()],
    )


def things_api(*, database: str = "memory://", max_body_bytes: int = 10_000, max_body_seconds: float = 30.0) -> FastAPI:
    api = FastAPI()
    things = attach(
        api,
        things_application(database),
        bearer=BEARER,
        errors={ThingError: Problem(412, "stale-thing", "The thing has changed")},
        max_body_bytes=max_body_bytes,
        max_body_seconds=max_body_seconds,
    )
    add_routes(things)
    return api


def add_routes(things: MessageRouter) -> None:
    things.post("/things", MakeThing, location="/things/{id}", anonymous=True)
    things.get("/things", ListThings, keyset=WalkThings, names={"name_filter": "name"}, anonymous=True)
    things.get("/things/{thing_id}", GetThing, anonymous=True)
    things.head("/things/{thing_id}", ThingExists, anonymous=True)
    things.patch("/things/{thing_id}", RenameThing, anonymous=True, raises=[ThingError])
    things.delete("/failures/{how}", Fail, anonymous=True)
    things.get("/who", WhoAmI, anonymous=True)
    things.get("/guarded", WhoAmI)


@asynccontextmanager
async def client_of(api: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=transport, base_url="http://things.test") as client,
    ):
        yield client
