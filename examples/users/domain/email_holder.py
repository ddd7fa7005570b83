"""Who has an e-mail address, told from what was recorded about it."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from users.domain.email import Email
from users.domain.events import UserDeleted, UserEmailChanged, UserRegistered

EMAIL_EVENTS: Final = (UserRegistered, UserEmailChanged, UserDeleted)


def email_holder(email: Email, recorded: Iterable[object]) -> UUID | None:
    """Return the user who has an e-mail address, or None if it is free.

    Args:
        email: the address.
        recorded: all events that took or freed it, in order.
    """
    holder: UUID | None = None
    for happened in recorded:
        match happened:
            case UserRegistered(user_id=user_id):
                holder = user_id
            case UserEmailChanged(user_id=user_id):
                holder = user_id if happened.email == email.value else None
            case UserDeleted():
                holder = None
            case _:
                pass
    return holder
