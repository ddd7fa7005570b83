"""Registering a user."""

from dataclasses import dataclass, field

from duolog import Command, TransactionManager, command
from users.application.access import Access
from users.application.ports.user_repository import UserRepository
from users.domain.email import Email
from users.domain.role import UserRole
from users.domain.services import UserService
from users.domain.user import UserId


@command("user.create")
@dataclass(frozen=True, slots=True)
class CreateUserCommand(Command[UserId]):
    email: str
    password: str = field(repr=False)
    role: str = "user"


class CreateUserInteractor:
    """Anyone may register as a plain user; only an admin gives another role."""

    def __init__(self, users: UserRepository, service: UserService, access: Access, tx: TransactionManager) -> None:
        self._users = users
        self._service = service
        self._access = access
        self._tx = tx

    async def execute(self, cmd: CreateUserCommand) -> UserId:
        role = UserRole.named(cmd.role)
        if role is not UserRole.USER:
            self._access.require_admin()
        user = await self._service.create_user(email=Email(cmd.email), raw_password=cmd.password, role=role)
        await self._users.save(user)
        await self._tx.commit()
        return user.id
