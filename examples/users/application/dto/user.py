"""Users as queries show them: never with a password, not even hashed."""

from dataclasses import dataclass
from datetime import datetime
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
