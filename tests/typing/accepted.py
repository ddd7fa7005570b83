"""What type checkers accept, and what they infer. Checked by mypy and pyright, never executed."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import NewType, TypedDict, assert_type
from uuid import UUID

from duolog import (
    Application,
    Binding,
    Command,
    CursorPage,
    Json,
    OffsetPage,
    PaginatedResult,
    Projection,
    Query,
    QueryGateway,
    ReadDatabase,
    Receipt,
    Relation,
    StreamQuery,
    bind_command,
    bind_query,
)

UserId = NewType("UserId", UUID)


@dataclass(frozen=True, slots=True)
class UserDTO:
    """A DTO as a dataclass."""

    id: UUID
    email: str


class UserJson(TypedDict):
    """A DTO as a TypedDict."""

    id: str


@dataclass(frozen=True, slots=True)
class CreateUserCommand(Command[UserId]):
    """A command with an id as its result."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeleteUserCommand(Command[None]):
    """A command without a result."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class ListUsersQuery(Query[PaginatedResult[UserDTO]]):
    """A query with a generic result."""

    limit: int = 20


@dataclass(frozen=True, slots=True)
class FindUserQuery(Query[UserDTO | None]):
    """A query with an optional result."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class UserJsonQuery(Query[UserJson]):
    """A query whose result is a TypedDict."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class ExportUsersQuery(StreamQuery[UserDTO]):
    """A stream query."""


@dataclass(frozen=True, slots=True)
class PlainCommand:
    """A command without a base."""

    text: str


class UserProjection(Projection):
    """A read model."""

    name, version = "users_view", 1


class CreateUserInteractor:
    """Takes what it wants in its constructor."""

    def __init__(self, words: list[str]) -> None:
        self._words = words

    async def execute(self, cmd: CreateUserCommand) -> UserId:
        """Make an id."""
        raise NotImplementedError(cmd, self._words)


class DeleteUserInteractor:
    """Returns nothing."""

    async def execute(self, cmd: DeleteUserCommand) -> None:
        """Delete."""
        raise NotImplementedError(cmd)


class ListUsersQueryService:
    """Returns a page."""

    def __init__(self, db: ReadDatabase) -> None:
        self._db = db

    async def execute(self, query: ListUsersQuery) -> PaginatedResult[UserDTO]:
        """List."""
        rows = await self._db.fetch("SELECT id, email FROM users_view", into=UserDTO)
        return PaginatedResult(items=list(rows), total=len(rows), limit=query.limit, offset=0)


class FindUserQueryService:
    """Returns a DTO or None."""

    async def execute(self, query: FindUserQuery) -> UserDTO | None:
        """Find."""
        raise NotImplementedError(query)


class UserJsonQueryService:
    """Returns a TypedDict."""

    async def execute(self, query: UserJsonQuery) -> UserJson:
        """Find."""
        raise NotImplementedError(query)


class ExportUsersQueryService:
    """Streams DTOs."""

    async def execute(self, query: ExportUsersQuery) -> AsyncIterator[UserDTO]:
        """Stream."""
        for number in range(3):
            yield UserDTO(UUID(int=number), repr(query))


class PlainInteractor:
    """Handles a plain dataclass."""

    async def execute(self, cmd: PlainCommand) -> int:
        """Count."""
        return len(cmd.text)


class PlainQueryService:
    """Answers a plain dataclass."""

    async def execute(self, query: PlainCommand) -> str:
        """Answer."""
        return query.text


plain_command = bind_command(PlainCommand, PlainInteractor)
plain_query = bind_query(PlainCommand, PlainQueryService, reads=[UserProjection])
assert_type(plain_command, Binding[PlainCommand, int])
assert_type(plain_query, Binding[PlainCommand, str])

app = Application(
    "users",
    database="memory://",
    handlers=[
        CreateUserCommand.handled_by(CreateUserInteractor),
        DeleteUserCommand.handled_by(DeleteUserInteractor),
        ListUsersQuery.handled_by(ListUsersQueryService, reads=[UserProjection]),
        FindUserQuery.handled_by(FindUserQueryService),
        UserJsonQuery.handled_by(UserJsonQueryService),
        ExportUsersQuery.handled_by(ExportUsersQueryService, reads=[UserProjection]),
        plain_command,
    ],
    projections=[UserProjection],
)


async def inferred() -> None:
    """Every result has exactly the type that its message declares."""
    assert_type(await app.execute(CreateUserCommand("a@example.com", "secret")), UserId)
    assert_type(await app.execute_with_receipt(CreateUserCommand("a@example.com", "secret")), Receipt[UserId])
    assert_type(await app.query(ListUsersQuery(limit=20)), PaginatedResult[UserDTO])
    assert_type(await app.query(FindUserQuery(UUID(int=1)), after=7, timeout=1.5), UserDTO | None)
    assert_type(await app.query(UserJsonQuery(UUID(int=1))), UserJson)
    print(await app.query(FindUserQuery(UUID(int=1))))  # noqa: T201 - any context accepts a result
    assert_type(await app.execute_bound(plain_command, PlainCommand("x")), int)
    assert_type(await app.query_bound(plain_query, PlainCommand("x")), str)
    assert_type(app.stream(ExportUsersQuery()), AsyncGenerator[UserDTO, None])
    async for user in app.stream(ExportUsersQuery()):
        assert_type(user, UserDTO)


async def rows(db: ReadDatabase) -> None:
    """Rows have the type that they are decoded into."""
    fetched = await db.fetch("SELECT 1", into=UserDTO)
    assert_type(fetched[0], UserDTO)
    assert_type(await db.fetch_one("SELECT 1", into=UserJson), UserJson | None)
    assert_type(db.stream("SELECT 1", into=UserDTO), AsyncGenerator[UserDTO, None])


async def gateways(db: ReadDatabase) -> None:
    """A gateway answers with its relation's DTO."""
    users = QueryGateway(Relation("users", UserDTO, key="id"), db)
    assert_type(await users.get_by_id(UUID(int=1)), UserDTO | None)
    assert_type(await users.list_all(limit=1), list[UserDTO])
    assert_type(await users.paginate(limit=1), PaginatedResult[UserDTO])
    assert_type(await users.offset_page(limit=1), OffsetPage[UserDTO])
    assert_type(await users.cursor_page(cursor=None, limit=1), CursorPage[UserDTO])
    assert_type(users.stream(), AsyncGenerator[UserDTO, None])
    assert_type(await users.as_json.get_by_id(UUID(int=1)), Json[UserDTO] | None)
    assert_type(await users.as_json.paginate(limit=1), Json[PaginatedResult[UserDTO]])
    assert_type(await QueryGateway(Relation("users", UserJson, key="id"), db).list_all(limit=1), list[UserJson])
