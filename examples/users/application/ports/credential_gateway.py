"""The port that signing in reads from."""

from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from users.domain.email import Email


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user is recognised by.

    Attributes:
        user_id: the user's id.
        role: the role's name.
        is_active: whether the user may sign in.
        password_hash: says how it was made; shown nowhere.
    """

    user_id: UUID
    role: str
    is_active: bool
    password_hash: str = field(repr=False)


class CredentialGateway(Protocol):
    """Finds credentials in the write model.

    So a user can sign in the moment the registration was acknowledged, and no read model ever holds a password's hash.
    """

    async def by_email(self, email: Email) -> Credentials | None:
        """Return the credentials of the user who has this e-mail address, or None."""
        ...
