"""Reminding a user."""

from dataclasses import dataclass
from uuid import UUID

from duolog import Command, EventPublisher, TransactionManager, command
from users.application.ports.user_repository import UserRepository
from users.domain.errors import UserNotFoundError
from users.domain.events import UserReminded
from users.domain.user import UserId


@command("user.send_reminder")
@dataclass(frozen=True, slots=True)
class SendReminderCommand(Command[bool]):
    user_id: str


class SendReminderInteractor:
    """Records that a user is reminded; whoever sends mails follows these notices."""

    def __init__(self, users: UserRepository, tx: TransactionManager, events: EventPublisher) -> None:
        self._users = users
        self._tx = tx
        self._events = events

    async def execute(self, cmd: SendReminderCommand) -> bool:
        """Tell whether there was somebody to remind: the user may be gone since this was decided."""
        try:
            user = await self._users.load(UserId(UUID(cmd.user_id)))
        except UserNotFoundError:
            return False
        if not user.is_active:
            return False
        await self._events.publish(UserReminded(user.id))
        await self._tx.commit()
        return True
