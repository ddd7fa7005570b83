"""The reference's first command: its DTO and its interactor stand here as they are written there.

Around them is what the reference names and leaves out: the domain, its ports and their adapters over a table.
"""

# ruff: noqa: ANN204 - the reference's constructors are taken over as they are

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, NewType, Protocol
from uuid import UUID, uuid4

from dishka import Provider, Scope, provide

from duolog import EventPublisher, TransactionManager, WriteDatabase, bind_command, event

UserId = NewType("UserId", UUID)


# --- as the reference has it --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateUserCommand:
    email: str
    password: str
    role: str = "user"


class CreateUserInteractor:
    def __init__(
        self,
        user_repo: UserRepository,
        user_service: UserService,
        tx: TransactionManager,
        events: EventPublisher,
    ):
        self._repo = user_repo
        self._service = user_service
        self._tx = tx
        self._events = events

    async def execute(self, cmd: CreateUserCommand) -> UserId:
        # 1. Create domain entity via service
        user = await self._service.create_user(
            email=Email(cmd.email),
            raw_password=cmd.password,
            role=UserRole(cmd.role),
        )

        # 2. Persist
        await self._repo.save(user)

        # 3. Commit transaction
        await self._tx.commit()

        # 4. Publish event (after commit)
        await self._events.publish(UserCreated(user_id=user.id))

        # 5. Return identifier only (not full entity)
        return user.id


# --- what it names ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Email:
    value: str


class UserRole(Enum):
    USER = "user"
    ADMIN = "admin"


@dataclass(slots=True)
class User:
    id: UserId
    email: Email
    password_hash: str
    role: UserRole


@event("reference.user_created", stream="user_notices-{user_id}")
@dataclass(frozen=True, slots=True)
class UserCreated:
    user_id: UserId


class UserRepository(Protocol):
    async def save(self, user: User) -> None: ...


class UserService:
    async def create_user(self, *, email: Email, raw_password: str, role: UserRole) -> User:
        return User(UserId(uuid4()), email, f"hash of {len(raw_password)} characters", role)


class TableUserRepository:
    def __init__(self, db: WriteDatabase) -> None:
        self._db = db

    async def save(self, user: User) -> None:
        await self._db.execute(
            "INSERT INTO users (id, email, password_hash, role) VALUES (:id, :email, :password_hash, :role)",
            {"id": user.id, "email": user.email.value, "password_hash": user.password_hash, "role": user.role},
        )


USERS_TABLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "users": """
            CREATE TABLE users (
                id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, role TEXT NOT NULL
            )"""
    }
)


class UsersProvider(Provider):
    scope = Scope.REQUEST
    service = provide(UserService)
    repository = provide(TableUserRepository, provides=UserRepository)


CREATE_USER = bind_command(CreateUserCommand, CreateUserInteractor)
