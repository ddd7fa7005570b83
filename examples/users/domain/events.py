"""What happens to users, as it is recorded for ever.

Every event that takes or frees an e-mail address has it as a tag, so that a decision about an address sees all that
concerns it; the log stores such a tag as a keyed hash only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from duolog import Tag, event


def email_tag(email: str) -> Tag:
    return Tag("email", email, personal=True)


def _email_tags(happened: "UserRegistered | UserDeleted") -> Iterator[Tag]:
    yield email_tag(happened.email)


def _changed_email_tags(happened: "UserEmailChanged") -> Iterator[Tag]:
    yield email_tag(happened.old_email)
    yield email_tag(happened.email)


@event("user.registered", tags=_email_tags)
@dataclass(frozen=True, slots=True)
class UserRegistered:
    user_id: UUID
    email: str
    role: str
    password_hash: str = field(repr=False)


@event("user.email_changed", tags=_changed_email_tags)
@dataclass(frozen=True, slots=True)
class UserEmailChanged:
    user_id: UUID
    old_email: str
    email: str


@event("user.role_changed")
@dataclass(frozen=True, slots=True)
class UserRoleChanged:
    user_id: UUID
    role: str


@event("user.activated")
@dataclass(frozen=True, slots=True)
class UserActivated:
    user_id: UUID


@event("user.deactivated")
@dataclass(frozen=True, slots=True)
class UserDeactivated:
    user_id: UUID


@event("user.deleted", tags=_email_tags)
@dataclass(frozen=True, slots=True)
class UserDeleted:
    user_id: UUID
    email: str
    reason: str | None = None


@event("user.reminded", stream="user_notices-{user_id}")
@dataclass(frozen=True, slots=True)
class UserReminded:
    """A notice, not what the user is made of: those who send mails follow it."""

    user_id: UUID
