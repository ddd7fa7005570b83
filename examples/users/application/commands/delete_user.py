"""Deleting a user."""

from dataclasses import dataclass
from uuid import UUID

from duolog import Command, TransactionManager, command
from users.application.access import Access
from users.application.ports.user_repository import UserRepository
from users.domain.user import UserId


@command("user.delete")
@dataclass(frozen=True, slots=True)
class DeleteUserCommand(Command[None]):
    user_id: UUID
    reason: str | None = None
    expected_version: int | None = None


class DeleteUserInteractor:
    """Only an admin deletes; the e-mail address is free afterwards."""

    def __init__(self, users: UserRepository, access: Access, tx: TransactionManager) -> None:
        self._users = users
        self._access = access
        self._tx = tx

    async def execute(self, cmd: DeleteUserCommand) -> None:
        self._access.require_admin()
        user = await self._users.load(UserId(cmd.user_id))
        user.require_version(cmd.expected_version)
        user.delete(cmd.reason)
        await self._users.save(user)
        await self._tx.commit()
