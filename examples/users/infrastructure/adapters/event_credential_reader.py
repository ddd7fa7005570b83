"""Credentials from the log."""

from duolog import Criterion, DecisionBoundary, EventSourcedRepository, UnitOfWork
from users.application.ports.credential_gateway import Credentials
from users.domain.email import Email
from users.domain.email_holder import EMAIL_EVENTS, email_holder
from users.domain.events import email_tag
from users.domain.user import User


class EventCredentialReader:
    """A `CredentialGateway` over the events that have an e-mail address as their tag."""

    def __init__(self, unit: UnitOfWork, boundary: DecisionBoundary) -> None:
        self._boundary = boundary
        self._users = EventSourcedRepository(User, unit)

    async def by_email(self, email: Email) -> Credentials | None:
        # Signing in decides nothing that must hold until a commit.
        recorded = await self._boundary.peek(Criterion(EMAIL_EVENTS, (email_tag(email.value),)))
        holder = email_holder(email, recorded)
        if holder is None:
            return None
        user = await self._users.load(holder)
        return Credentials(user.id, user.role.value, user.is_active, user.password_hash)
