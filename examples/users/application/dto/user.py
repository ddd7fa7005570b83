"""Users as queries show them: never with a password, not even hashed."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID


@dataclass(frozen=True, slots=True)
class UserDTO:
    """A user.

    Attributes:
        id: the user's id.
        email: the normalised e-mail address.
        role: the role's name.
        is_active: whether the user may sign in.
        created_at: when the user was registered, by the database's clock, in UTC.
        version: rises by one with every change.
    """

    id: UUID
    email: str
    role: str
    is_active: bool
    created_at: datetime
    version: int


class UserJson(TypedDict):
    """A user as plain JSON values, for exports."""

    id: str
    email: str
    role: str
    is_active: bool
    created_at: str
    version: int


def user_json(user: UserDTO) -> UserJson:
    """Return a user as plain JSON values."""
    return {
        "id": str(user.id),
        "email": user.email,
        "role": user.role,
        "is_active": user.is_active,
        "created_at": user.created_at.isoformat(),
        "version": user.version,
    }
