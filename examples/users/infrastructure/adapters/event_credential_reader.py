"""Credentials from the log."""

from duolog import EventSourcedRepository, UnitOfWork
from duolog.eventstore.conditions import EventQuery, QueryItem
from duolog.messages.event import event_spec
from users.application.ports.credential_gateway import Credentials
from users.domain.email import Email
from users.domain.email_holder import EMAIL_EVENTS, email_holder
from users.domain.events import email_tag
from users.domain.user import User


class EventCredentialReader:
    """A `CredentialGateway` over the events that have an e-mail address as their tag."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._users = EventSourcedRepository(User, unit)

    async def by_email(self, email: Email) -> Credentials | None:
        codec = self._unit.codec
        types = tuple(event_spec(cls).name for cls in EMAIL_EVENTS)
        query = EventQuery((QueryItem(types, codec.tagger.stored_all([email_tag(email.value)])),))
        # Signing in decides nothing that must hold until a commit, so the boundary's condition is not staged.
        boundary = await self._unit.read_boundary(query)
        holder = email_holder(email, map(codec.decode, boundary.events))
        if holder is None:
            return None
        user = await self._users.load(holder)
        return Credentials(user.id, user.role.value, user.is_active, user.password_hash)
