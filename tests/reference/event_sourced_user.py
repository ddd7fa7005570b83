"""The reference's event-sourced command and projection; both stand here as they are written there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NewType, Self
from uuid import UUID, uuid4

from dishka import Provider, Scope, provide

from duolog import Aggregate, EventStreams, Projection, UnitOfWork, ViewDatabase, bind_command, event

UserId = NewType("UserId", UUID)


@dataclass(frozen=True, slots=True)
class CreateUserCommand:
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Email:
    value: str


@event("reference.user_registered")
@dataclass(frozen=True, slots=True)
class UserCreated:
    user_id: UserId
    email: str
    password_hash: str


class User(Aggregate[UserId]):
    category = "user"
    email: Email

    @classmethod
    def create(cls, *, email: Email, password_hash: str) -> Self:
        user = cls(UserId(uuid4()))
        user.raise_event(UserCreated(user_id=user.id, email=email.value, password_hash=password_hash))
        return user

    def on_created(self, event: UserCreated) -> None:
        self.email = Email(event.email)


class Hasher:
    async def hash(self, password: str) -> str:
        return f"hash of {len(password)} characters"


class CreateUserInteractor:
    def __init__(self, hasher: Hasher, event_store: EventStreams) -> None:
        self._hasher = hasher
        self._event_store = event_store

    async def execute(self, cmd: CreateUserCommand) -> UserId:
        # Create entity (generates events internally)
        user = User.create(
            email=Email(cmd.email),
            password_hash=await self._hasher.hash(cmd.password),
        )

        # Save events to event store
        await self._event_store.save(user.id, user.pending_events)

        # Clear pending events
        user.clear_events()

        return user.id


class UserProjection(Projection):
    name, version = "users_view", 1
    tables: ClassVar[Mapping[str, str]] = {
        "users_view": "CREATE TABLE users_view (id TEXT PRIMARY KEY, email TEXT NOT NULL)"
    }

    def __init__(self, read_db: ViewDatabase) -> None:
        self._read_db = read_db

    async def on_user_created(self, event: UserCreated) -> None:
        await self._read_db.execute(
            "INSERT INTO users_view (id, email) VALUES (:id, :email)", {"id": event.user_id, "email": event.email}
        )


class UsersProvider(Provider):
    scope = Scope.REQUEST
    hasher = provide(Hasher)

    @provide
    def event_store(self, unit: UnitOfWork) -> EventStreams:
        return EventStreams(unit, User.category)


CREATE_USER = bind_command(CreateUserCommand, CreateUserInteractor)
