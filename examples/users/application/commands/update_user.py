"""Changing a user."""

from dataclasses import dataclass
from uuid import UUID

from duolog import Command, TransactionManager, command
from users.application.access import Access
from users.application.ports.user_repository import UserRepository
from users.domain.email import Email
from users.domain.role import UserRole
from users.domain.user import User, UserId


@dataclass(frozen=True, slots=True)
class UpdateResult:
    """What came of it.

    Attributes:
        updated: whether anything changed.
        version: the user's version now.
    """

    updated: bool
    version: int


@command("user.update")
@dataclass(frozen=True, slots=True)
class UpdateUserCommand(Command[UpdateResult]):
    """None leaves a field as it is.

    Attributes:
        user_id: who is changed.
        email: the new e-mail address.
        role: the new role's name.
        is_active: whether the user may sign in.
        expected_version: what the client saw; another version is refused.
    """

    user_id: UUID
    email: str | None = None
    role: str | None = None
    is_active: bool | None = None
    expected_version: int | None = None


class UpdateUserInteractor:
    """Users may change their own e-mail address; the rest, and other users, is for admins."""

    def __init__(self, users: UserRepository, access: Access, tx: TransactionManager) -> None:
        self._users = users
        self._access = access
        self._tx = tx

    async def execute(self, cmd: UpdateUserCommand) -> UpdateResult:
        self._authorize(cmd)
        user = await self._users.load(UserId(cmd.user_id))
        user.require_version(cmd.expected_version)
        before = user.version
        _change(user, cmd)
        await self._users.save(user)
        await self._tx.commit()
        return UpdateResult(updated=user.version != before, version=user.version)

    def _authorize(self, cmd: UpdateUserCommand) -> None:
        if cmd.role is None and cmd.is_active is None:
            self._access.require_self_or_admin(cmd.user_id)
        else:
            self._access.require_admin()


def _change(user: User, cmd: UpdateUserCommand) -> None:
    if cmd.email is not None:
        user.change_email(Email(cmd.email))
    if cmd.role is not None:
        user.change_role(UserRole.named(cmd.role))
    match cmd.is_active:
        case True:
            user.activate()
        case False:
            user.deactivate()
        case None:
            pass
