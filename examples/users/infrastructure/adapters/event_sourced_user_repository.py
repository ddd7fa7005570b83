"""Users kept as their events."""

from duolog import Criterion, DecisionBoundary, EventSourcedRepository, UnitOfWork
from users.domain.email import Email
from users.domain.email_holder import EMAIL_EVENTS, email_holder
from users.domain.errors import EmailTakenError, UserNotFoundError
from users.domain.events import UserEmailChanged, UserRegistered, email_tag
from users.domain.user import User, UserId


class EventSourcedUserRepository:
    """A `UserRepository`: the stream is the user."""

    def __init__(self, unit: UnitOfWork, boundary: DecisionBoundary) -> None:
        self._users = EventSourcedRepository(User, unit)
        self._boundary = boundary

    async def load(self, user_id: UserId) -> User:
        user = await self._users.find(user_id)
        if user is None or user.is_deleted:
            raise UserNotFoundError(user_id)
        return user

    async def save(self, user: User) -> None:
        for happened in user.pending_events:
            if isinstance(happened, UserRegistered | UserEmailChanged):
                await self._claim(Email.recorded(happened.email), user.id)
        await self._users.save(user)

    async def _claim(self, email: Email, user_id: UserId) -> None:
        # Reading stages a condition: the commit fails if somebody else took the address meanwhile.
        recorded = await self._boundary.read(Criterion(EMAIL_EVENTS, (email_tag(email.value),)))
        if email_holder(email, recorded) not in (None, user_id):
            raise EmailTakenError
