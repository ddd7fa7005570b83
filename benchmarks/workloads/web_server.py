"""A web server over a table of people, as a process: ``python -m benchmarks.workloads.web_server KIND URL``.

Each kind has the same two routes, written as its documentation advises. It says on which port it is asked.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final

import asyncpg
import uvicorn
from dishka import Provider, Scope, provide
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.rows.paging import COLUMNS, CURSORS, PEOPLE, Person, PersonDTO
from benchmarks.workloads.application import SECRET
from benchmarks.workloads.child import READY
from duolog import Application, Json, OffsetPage, Query, QueryGateway, ReadDatabase
from duolog.integrations.fastapi import attach

HOST: Final = "127.0.0.1"
CONNECTIONS: Final = 10
MOST: Final = 100
_ONE: Final = f"SELECT {COLUMNS} FROM people WHERE id = $1"  # noqa: S608 - made of constants
_PAGE: Final = f"SELECT {COLUMNS} FROM people ORDER BY id LIMIT $1 OFFSET $2"  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class GetPersonQuery(Query[PersonDTO | None]):
    person_id: int


@dataclass(frozen=True, slots=True)
class ListPeopleQuery(Query[OffsetPage[PersonDTO]]):
    limit: int = 20
    offset: int = 0


@dataclass(frozen=True, slots=True)
class GetPersonAsJsonQuery(Query[Json[PersonDTO] | None]):
    person_id: int


@dataclass(frozen=True, slots=True)
class ListPeopleAsJsonQuery(Query[Json[OffsetPage[PersonDTO]]]):
    limit: int = 20
    offset: int = 0


class PeopleGateway(QueryGateway[PersonDTO]):
    """The people."""


class Gateways(Provider):
    scope = Scope.REQUEST

    @provide
    def people(self, db: ReadDatabase) -> PeopleGateway:
        return PeopleGateway(PEOPLE, db, CURSORS)


class GetPersonQueryService:
    def __init__(self, people: PeopleGateway) -> None:
        self._people = people

    async def execute(self, query: GetPersonQuery) -> PersonDTO | None:
        return await self._people.get_by_id(query.person_id)


class ListPeopleQueryService:
    def __init__(self, people: PeopleGateway) -> None:
        self._people = people

    async def execute(self, query: ListPeopleQuery) -> OffsetPage[PersonDTO]:
        return await self._people.offset_page(limit=query.limit, offset=query.offset)


class GetPersonAsJsonQueryService:
    def __init__(self, people: PeopleGateway) -> None:
        self._people = people

    async def execute(self, query: GetPersonAsJsonQuery) -> Json[PersonDTO] | None:
        return await self._people.as_json.get_by_id(query.person_id)


class ListPeopleAsJsonQueryService:
    def __init__(self, people: PeopleGateway) -> None:
        self._people = people

    async def execute(self, query: ListPeopleAsJsonQuery) -> Json[OffsetPage[PersonDTO]]:
        return await self._people.as_json.offset_page(limit=query.limit, offset=query.offset)


def duolog_api(url: str) -> FastAPI:
    api = FastAPI()
    app = Application(
        "people",
        database=f"{url}?pool_max={CONNECTIONS}",
        handlers=[
            GetPersonQuery.handled_by(GetPersonQueryService, reads=[]),
            ListPeopleQuery.handled_by(ListPeopleQueryService, reads=[]),
            GetPersonAsJsonQuery.handled_by(GetPersonAsJsonQueryService, reads=[]),
            ListPeopleAsJsonQuery.handled_by(ListPeopleAsJsonQueryService, reads=[]),
        ],
        providers=[Gateways()],
        secret=SECRET,
    )
    people = attach(api, app)
    people.get("/users", ListPeopleQuery)
    people.get("/users/{person_id}", GetPersonQuery)
    people.get("/json/users", ListPeopleAsJsonQuery)
    people.get("/json/users/{person_id}", GetPersonAsJsonQuery)
    return api


class PersonOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    email: str
    role: str
    score: float


class PageOut(BaseModel):
    items: list[PersonOut]
    limit: int
    offset: int
    has_next: bool
    has_prev: bool


Limit = Annotated[int, Parameter(ge=1, le=MOST)]
Offset = Annotated[int, Parameter(ge=0)]


def orm_api(url: str) -> FastAPI:
    """As in https://fastapi.tiangolo.com/tutorial/sql-databases, with SQLAlchemy's asyncio extension."""
    engine = create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=CONNECTIONS, max_overflow=0
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await engine.dispose()

    async def session() -> AsyncGenerator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    api = FastAPI(lifespan=lifespan)
    Session = Annotated[AsyncSession, Depends(session)]  # noqa: N806 - a type

    @api.get("/users", response_model=PageOut)
    async def list_people(session: Session, limit: Limit = 20, offset: Offset = 0) -> Any:
        statement = select(Person).order_by(Person.id).limit(limit + 1).offset(offset)
        people = (await session.scalars(statement)).all()
        return _page([PersonOut.model_validate(each) for each in people], limit, offset)

    @api.get("/users/{person_id}", response_model=PersonOut)
    async def get_person(session: Session, person_id: int) -> Any:
        person = await session.get(Person, person_id)
        if person is None:
            raise HTTPException(404)
        return person

    return api


def asyncpg_api(url: str) -> FastAPI:
    """As in https://magicstack.github.io/asyncpg/current/usage.html#connection-pools."""

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncGenerator[None]:
        async with asyncpg.create_pool(url, min_size=1, max_size=CONNECTIONS) as pool:
            api.state.pool = pool
            yield

    api = FastAPI(lifespan=lifespan)

    @api.get("/users", response_model=PageOut)
    async def list_people(request: Request, limit: Limit = 20, offset: Offset = 0) -> Any:
        async with request.app.state.pool.acquire() as connection:
            rows = await connection.fetch(_PAGE, limit + 1, offset)
        return _page([PersonOut(**row) for row in rows], limit, offset)

    @api.get("/users/{person_id}", response_model=PersonOut)
    async def get_person(request: Request, person_id: int) -> Any:
        async with request.app.state.pool.acquire() as connection:
            row = await connection.fetchrow(_ONE, person_id)
        if row is None:
            raise HTTPException(404)
        return PersonOut(**row)

    return api


def _page(people: list[PersonOut], limit: int, offset: int) -> PageOut:
    return PageOut(items=people[:limit], limit=limit, offset=offset, has_next=len(people) > limit, has_prev=offset > 0)


KINDS: Final[Mapping[str, Callable[[str], FastAPI]]] = {
    "duolog": duolog_api,
    "sqlalchemy": orm_api,
    "asyncpg": asyncpg_api,
}


async def serve(api: FastAPI) -> None:
    """Serve until the input ends."""
    listening = socket.create_server((HOST, 0))
    server = uvicorn.Server(
        uvicorn.Config(api, log_level="warning", access_log=False, lifespan="on", timeout_keep_alive=3_600)
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    print(READY, listening.getsockname()[1], sep="\n", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.should_exit = True
    await serving


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("url")
    parser.add_argument("--uvloop", action="store_true", help="taken in any case: uvicorn's own choice")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvicorn.Config("", loop="uvloop").get_loop_factory()) as runner:
        runner.run(serve(KINDS[options.kind](options.url)))


if __name__ == "__main__":
    main()
